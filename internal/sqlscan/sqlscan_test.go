package sqlscan_test

import (
	"database/sql"
	"fmt"
	"reflect"
	"testing"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"commitment/internal/pgtest"
	"commitment/internal/sqlscan"
)

// expressions are of all kinds of types, with the edges of their ranges.
var expressions = []string{
	"true", "false", "NULL::boolean",
	"32767::smallint", "(-32768)::smallint", "2147483647", "-2147483648", "9223372036854775807", "(-9223372036854775808)::bigint", "0::bigint", "NULL::bigint",
	"1.5::real", "0.1::real", "1.5::double precision", "'NaN'::double precision", "'infinity'::double precision", "'-0'::double precision", "NULL::float8",
	"12345678901234567890.123456789::numeric", "'NaN'::numeric", "1.50::numeric(10,2)", "42::numeric", "1e100::numeric",
	"'text'::text", "''::text", "'42'::text", "'true'::text", "'1.5'::text", "'a long text, €'::varchar(40)", "'pad'::char(6)", "'n'::name", `'c'::"char"`, "NULL::text",
	"'0195f0a0-0000-7000-8000-000000000001'::text", "'{0195f0a0-0000-7000-8000-000000000001}'::text", "'0195f0a0-0000-7000-8000-000000000001'::uuid", "NULL::uuid",
	"'2026-11-23 01:08:59.661526+02'::timestamptz", "'infinity'::timestamptz", "'-infinity'::timestamptz", "'0001-01-01 00:00:00+00'::timestamptz", "'4714-11-24 00:00:00+00 BC'::timestamptz", "NULL::timestamptz",
	"'2026-11-23 01:08:59.661526'::timestamp", "'infinity'::timestamp", "'2026-11-23'::date", "'infinity'::date", "'2000-01-01'::date", "'12:34:56.789'::time", "'12:34:56+02'::timetz", "'1 day 02:03:04'::interval",
	`'{"a": [1, 2.50]}'::json`, `'{"a": [1, 2.50]}'::jsonb`, "'null'::jsonb", "'{}'::jsonb", "NULL::jsonb", `'\x00ff'::bytea`, `''::bytea`, "NULL::bytea", "'<a/>'::xml",
	"ARRAY[1,2]", "ARRAY['a','b']", "'{}'::int[]", "'mood'::moods", "'10.0.0.0/8'::cidr", "'10.0.0.1'::inet", "B'101'", "'[1,5)'::int4range", "'(1,2)'::point", "'08:00:2b:01:02:03'::macaddr",
	"1::oid", "4294967295::oid", "'5'::xid", "'6'::cid", "'pg_class'::regclass", "'a b'::tsvector", "ROW(1,'a')", "1::money", "'domain'::short",
}

// dests are what Ent scans into: see the scan types of its fields.
var dests = map[string]func() any{
	"bool":    func() any { return new(sql.NullBool) },
	"int":     func() any { return new(sql.NullInt64) },
	"float":   func() any { return new(sql.NullFloat64) },
	"string":  func() any { return new(sql.NullString) },
	"time":    func() any { return new(sql.NullTime) },
	"uuid":    func() any { return new(uuid.UUID) },
	"bytes":   func() any { return new([]byte) },
	"scanner": func() any { return &entsql.NullScanner{S: new(uuid.UUID)} },
	"any":     func() any { return new(sql.Null[any]) },
}

func TestScanGivesWhatDatabaseSQLGives(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	pgtest.Exec(t, pgtest.Open(t, url), "CREATE TYPE moods AS ENUM ('mood'); CREATE DOMAIN short AS varchar(9)")
	conn := pgtest.Session(t, pgtest.Open(t, url))
	for _, expression := range expressions {
		for name, dest := range dests {
			want, got := dest(), dest()
			query := "SELECT " + expression + " AS value"
			wantErr := conn.QueryRowContext(t.Context(), query).Scan(want)
			gotErr := conn.Raw(func(driverConn any) error {
				return scanOne(t, driverConn.(interface{ Conn() *pgx.Conn }).Conn(), query, got)
			})
			if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Errorf("%s into %s: error = %v, want %v", expression, name, gotErr, wantErr)
			}
			if g, w := show(got), show(want); g != w && wantErr == nil {
				t.Errorf("%s into %s (-want +got):\n%s", expression, name, cmp.Diff(w, g))
			}
		}
	}
}

func TestNewIsWhatEntChooses(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	pgtest.Exec(t, pgtest.Open(t, url), "CREATE TYPE moods AS ENUM ('mood'); CREATE DOMAIN short AS varchar(9)")
	conn := pgtest.Session(t, pgtest.Open(t, url))
	for _, expression := range expressions {
		query := "SELECT " + expression
		want := typeOf(t, conn, query)
		err := conn.Raw(func(driverConn any) error {
			rows, err := driverConn.(interface{ Conn() *pgx.Conn }).Conn().Query(t.Context(), query)
			if err != nil {
				return err
			}
			defer rows.Close()
			if got := reflect.TypeOf(sqlscan.New(&rows.FieldDescriptions()[0])); got != want {
				t.Errorf("%s: %v, want %v", expression, got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// typeOf returns what Ent scans the column of a query into.
func typeOf(t *testing.T, conn *sql.Conn, query string) reflect.Type {
	t.Helper()
	rows, err := conn.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	chosen := reflect.TypeOf(entsql.ScanTypeOf(&entsql.Rows{ColumnScanner: rows}, 0))
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return chosen
}

// show returns what a destination holds, as text: NaN isn't equal to itself, and times of
// the same instant may differ.
func show(dest any) string {
	if s, ok := dest.(*entsql.NullScanner); ok {
		return fmt.Sprintf("%v %#v", s.Valid, s.S)
	}
	return fmt.Sprintf("%#v", reflect.ValueOf(dest).Elem())
}

// scanOne runs a query for one value on pgx, and scans it.
func scanOne(t *testing.T, conn *pgx.Conn, query string, dest any) error {
	t.Helper()
	rows, err := conn.Query(t.Context(), query, sqlscan.Formats)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return rows.Err()
	}
	column := &rows.FieldDescriptions()[0]
	if err := sqlscan.Scan(conn.TypeMap(), column, rows.RawValues()[0], dest); err != nil {
		return sqlscan.Error(0, column, err)
	}
	return nil
}

func TestCan(t *testing.T) {
	t.Parallel()
	for name, dest := range dests {
		if !sqlscan.Can(dest()) {
			t.Errorf("Can(%s) = false", name)
		}
	}
	if sqlscan.Can(new(int)) || sqlscan.Can(new(any)) {
		t.Error("Can() = true for what needs database/sql's conversions")
	}
}
