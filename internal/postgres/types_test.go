package postgres_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqljson"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/internal/pgtest"
	"commitment/internal/pgtx"
)

// Types of a service's own. Those with a String method are stored as what they are,
// not as what they are called.
type (
	named   string
	shouted string
	level   int
	ratio   float32
	flag    bool
	blob    []byte
)

func (s shouted) String() string { return strings.ToUpper(string(s)) }
func (l level) String() string   { return [...]string{"low", "high"}[l] }
func (f flag) String() string    { return map[flag]string{false: "off", true: "on"}[f] }

// custom is a type with a [driver.Valuer] and a [sql.Scanner], over any type that
// database/sql has.
type custom[T any] struct{ v T }

func (c custom[T]) Value() (driver.Value, error) { return c.v, nil }

func (c *custom[T]) Scan(src any) error {
	var v sql.Null[T]
	if err := v.Scan(src); err != nil {
		return err
	}
	c.v = v.V
	return nil
}

// String is one that must not be stored.
func (c custom[T]) String() string { return "not a value" }

// decimal is as shopspring's: a Valuer of text that scans whatever the driver has.
type decimal struct{ text string }

func (d decimal) Value() (driver.Value, error) { return d.text, nil }

func (d *decimal) Scan(src any) error {
	switch src := src.(type) {
	case []byte:
		d.text = string(src)
	default:
		d.text = fmt.Sprint(src)
	}
	return nil
}

// inet is as Ent's documentation has it.
type inet struct{ netip.Prefix }

func (i inet) Value() (driver.Value, error) { return i.String(), nil }

func (i *inet) Scan(src any) (err error) {
	i.Prefix, err = netip.ParsePrefix(fmt.Sprint(src))
	return err
}

// list is as pq.StringArray: an array as text.
type list []string

func (l list) Value() (driver.Value, error) { return "{" + strings.Join(l, ",") + "}", nil }

func (l *list) Scan(src any) error {
	*l = strings.Split(strings.Trim(fmt.Sprint(src), "{}"), ",")
	return nil
}

// stored are values as generated code passes them, in columns of the types that Ent
// plans, or that a schema sets by SchemaType.
var stored = []struct {
	column string
	value  any
}{
	{"text", "it's \\ ünïcode $1"},
	{"varchar", ""},
	{"varchar(10)", "ten"},
	{"char(3)", "EUR"},
	{"text", named("a")},
	{"text", shouted("a")},
	{"varchar", shouted("a")},
	{"mood", "low"},
	{"mood", named("high")},
	{"mood", shouted("low")},
	{"bool", true},
	{"bool", flag(true)},
	{"bool", flag(false)},
	{"smallint", int8(math.MinInt8)},
	{"smallint", int16(math.MinInt16)},
	{"smallint", uint8(math.MaxUint8)},
	{"int", int32(math.MinInt32)},
	{"int", uint16(math.MaxUint16)},
	{"int", level(1)},
	{"bigint", 1 << 40},
	{"bigint", int64(math.MaxInt64)},
	{"bigint", uint32(math.MaxUint32)},
	{"bigint", uint(1 << 40)},
	{"bigint", uint64(math.MaxInt64)},
	{"bigint", level(1)},
	{"bigint", time.Hour},
	{"bigint", time.Weekday(1)},
	{"real", float32(1.5)},
	{"real", ratio(1.5)},
	{"double precision", 1.0 / 3},
	{"double precision", math.Inf(-1)},
	{"double precision", float32(0.1)},
	{"numeric(20,4)", 12.5},
	{"numeric", decimal{"12345678901234567890.123456789"}},
	{"text", decimal{"12.50"}},
	{"bytea", []byte{0, 1, '\\', 0xff}},
	{"bytea", []byte{}},
	{"bytea", []byte(`{"a":1}`)},
	{"timestamptz", time.Date(2026, 7, 1, 23, 59, 59, 123456000, time.UTC)},
	{"timestamp", time.Date(2026, 7, 1, 23, 59, 59, 123456000, time.UTC)},
	{"date", time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)},
	{"uuid", uuid.MustParse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")},
	{"uuid", custom[string]{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
	{"text", uuid.MustParse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")},
	{"inet", inet{netip.MustParsePrefix("192.0.2.1/24")}},
	{"text[]", list{"a", "b"}},
	{"jsonb", json.RawMessage(`{"a": [1, null]}`)},
	{"json", json.RawMessage(`{"a":"\\ it's"}`)},
	{"jsonb", custom[[]byte]{[]byte(`{"a": 1}`)}},
	{"jsonb", custom[string]{`{"a": 1}`}},
	{"text", custom[string]{"it's"}},
	{"text", custom[[]byte]{[]byte("it's")}},
	{"varchar", custom[[]byte]{[]byte("it's")}},
	{"bytea", custom[[]byte]{[]byte{0, 1, 255}}},
	{"bigint", custom[int64]{1 << 40}},
	{"int", custom[int64]{7}},
	{"double precision", custom[float64]{1.0 / 3}},
	{"numeric", custom[float64]{1.5}},
	{"bool", custom[bool]{true}},
	{"timestamptz", custom[time.Time]{time.Date(2026, 7, 1, 23, 59, 59, 123456000, time.UTC)}},
	{"date", custom[time.Time]{time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}},
	{"text", sql.NullString{String: "a", Valid: true}},
	{"bigint", sql.NullInt64{Int64: 1, Valid: true}},
	{"bytea", blob{0, 1, 255}},
	{"bytea", net.IPv4(192, 0, 2, 1)},
	{"inet", &inet{netip.MustParsePrefix("192.0.2.1/24")}},
	{"text", &custom[string]{"it's"}},
	{"numeric", custom[[]byte]{[]byte("12.5")}},
	{"numeric", custom[string]{"12.5"}},
	{"numeric", custom[int64]{12}},
	{"uuid", custom[[]byte]{[]byte("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")}},
	{"mood", custom[string]{"low"}},
	{"mood", custom[[]byte]{[]byte("low")}},
	{"char(3)", custom[[]byte]{[]byte("EUR")}},
	{"bigint", custom[string]{"7"}},
	{"bigint", custom[[]byte]{[]byte("7")}},
	{"bigint", custom[float64]{7}},
	{"bool", custom[string]{"true"}},
	{"smallint", custom[int64]{7}},
	{"real", custom[float64]{1.5}},
	{"double precision", custom[int64]{7}},
	{"double precision", custom[string]{"1.5"}},
	{"inet", custom[string]{"192.0.2.0/24"}},
	{"inet", custom[[]byte]{[]byte("192.0.2.0/24")}},
	{"interval", custom[string]{"01:00:00"}},
	{"bigint[]", list{"1", "2"}},
	{"uuid", uuid.NullUUID{UUID: uuid.MustParse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), Valid: true}},
	{"timestamptz", sql.NullTime{Time: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Valid: true}},
	{"bool", sql.NullBool{Bool: true, Valid: true}},
	{"int", sql.Null[int32]{V: 1, Valid: true}},
	{"json", custom[[]byte]{[]byte(`{"a": 1}`)}},
	{"uuid", custom[uuid.UUID]{uuid.MustParse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")}},
	{"label", custom[[]byte]{[]byte("it's \\x")}},
	{"label", custom[string]{"it's"}},
	{"label", named("it's")},
	{"digest", []byte{0, 1, '\\', 0xff}},
	{"document", json.RawMessage(`{"a": 1}`)},
}

// TestEveryTypeInEveryMode stores values, finds them and reads them back.
func TestEveryTypeInEveryMode(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := openMode(t, mode)
			pgtest.Exec(t, db, `CREATE TYPE mood AS ENUM ('low', 'high'); CREATE DOMAIN label AS text;
				CREATE DOMAIN digest AS bytea; CREATE DOMAIN document AS jsonb`)
			db.SetMaxIdleConns(0) // the types are known to new connections
			db.SetMaxIdleConns(1)
			for i, s := range stored {
				table := fmt.Sprint("t", i)
				pgtest.Exec(t, db, fmt.Sprintf("CREATE TABLE %s (v %s)", table, s.column))
				got, err := roundTrip(t.Context(), db, table, s.column, s.value)
				if err != nil {
					t.Errorf("%T in a column of %s: %v", s.value, s.column, err)
					continue
				}
				want := []any{s.value, s.value, nil}
				if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
					t.Errorf("%T in a column of %s (-want +got):\n%s", s.value, s.column, diff)
				}
			}
		})
	}
}

// roundTrip inserts a value twice, and NULL, by the statements that Ent builds; it
// looks for the value, and returns what is there.
func roundTrip(ctx context.Context, db *sql.DB, table, column string, value any) (got []any, err error) {
	b := entsql.Dialect(dialect.Postgres)
	err = inTx(ctx, db, func(conn *sql.Conn) error {
		for _, v := range []any{value, value, nil} {
			query, args := b.Insert(table).Columns("v").Values(v).Query()
			if _, err := conn.ExecContext(ctx, query, args...); err != nil {
				return fmt.Errorf("insert: %w", err)
			}
		}
		if column == "json" { // has no equality
			return nil
		}
		for _, where := range []*entsql.Predicate{entsql.EQ("v", value), entsql.In("v", value, value), entsql.Not(entsql.NEQ("v", value))} {
			query, args := b.Select(entsql.Count("*")).From(entsql.Table(table)).Where(where).Query()
			var n int
			if err := conn.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
				return fmt.Errorf("%s: %w", query, err)
			}
			if n != 2 {
				return fmt.Errorf("%s: found %d, want 2", query, n)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	query, args := b.Select("v").From(entsql.Table(table)).Query()
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		dest := reflect.New(reflect.PointerTo(reflect.TypeOf(value))) // nil for NULL
		if err := rows.Scan(dest.Interface()); err != nil {
			return nil, fmt.Errorf("scan: %w", err)
		}
		if dest.Elem().IsNil() {
			got = append(got, nil)
		} else {
			got = append(got, dest.Elem().Elem().Interface())
		}
	}
	return got, rows.Err()
}

// inTx runs work in a transaction whose BEGIN travels with the first statement.
func inTx(ctx context.Context, db *sql.DB, work func(*sql.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	tx, err := pgtx.NewTx(conn, pgtx.TxOptions{AssignXID: true})
	if err != nil {
		return err
	}
	if err := work(conn); err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	return tx.Commit(ctx)
}

// TestJSONInEveryMode asks by the predicates that Ent builds for JSON, and changes it.
func TestJSONInEveryMode(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db, b := openMode(t, mode), entsql.Dialect(dialect.Postgres)
			pgtest.Exec(t, db, "CREATE TABLE t (v jsonb)")
			run := func(query string, args []any) { pgtest.Exec(t, db, query, args...) }
			run(b.Insert("t").Columns("v").Values(json.RawMessage(`{"i": 1, "f": 1.5, "s": "it's", "b": true, "n": null, "l": ["x"]}`)).Query())
			update := b.Update("t")
			sqljson.Append(update, "v", []string{"y"}, sqljson.Path("l"))
			run(update.Query())
			for name, where := range map[string]*entsql.Predicate{
				"an integer":       sqljson.ValueEQ("v", 1, sqljson.Path("i")),
				"a float":          sqljson.ValueGT("v", 1.25, sqljson.Path("f")),
				"a text":           sqljson.ValueEQ("v", "it's", sqljson.Path("s")),
				"a part of a text": sqljson.StringContains("v", "t'", sqljson.Path("s")),
				"a bool":           sqljson.ValueEQ("v", true, sqljson.Path("b")),
				"one of several":   sqljson.ValueIn("v", []any{"x", "it's"}, sqljson.Path("s")),
				"null":             sqljson.ValueIsNull("v", sqljson.Path("n")),
				"a key":            sqljson.HasKey("v", sqljson.Path("l")),
				"an element":       sqljson.ValueContains("v", "y", sqljson.Path("l")),
				"a length":         sqljson.LenEQ("v", 2, sqljson.Path("l")),
			} {
				query, args := b.Select(entsql.Count("*")).From(entsql.Table("t")).Where(where).Query()
				if n := pgtest.Value[int](t, db, query, args...); n != 1 {
					t.Errorf("%s: %s finds %d, want 1", name, query, n)
				}
			}
		})
	}
}
