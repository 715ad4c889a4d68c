package sqlgraph_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	ent "entgo.io/ent/dialect/sql/sqlgraph"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"commitment/internal/pgtest"
	"commitment/internal/sqlgraph"
)

func noValues([]string) ([]any, error) { return nil, nil }

// sqlite is a recorder of another dialect.
type sqlite struct{ *recorder }

func (sqlite) Dialect() string { return dialect.SQLite }

func TestByIDSendsWhatEntSends(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		table, id := names().Draw(t, "table"), names().Draw(t, "id")
		columns := rapid.SliceOfN(names(), 1, -1).Draw(t, "columns")
		query := sqlgraph.NewByID(table, columns, id, noValues)
		other := rapid.Bool().Draw(t, "another dialect")
		driver := func(r *recorder) dialect.Driver {
			if other {
				return sqlite{r}
			}
			return r
		}
		for range 2 { // whose text is made once
			value, _ := value(t)
			sameStatement(t,
				func(r *recorder) error {
					_, err := query.Query(t.Context(), driver(r), value)
					return err
				},
				func(r *recorder) error {
					spec := sqlgraph.NewQuerySpec(table, columns, sqlgraph.NewFieldSpec(id, field.TypeOther))
					spec.ScanValues, spec.Predicate, spec.Limit = noValues, sql.FieldEQ(id, value), 2
					return ent.QueryNodes(t.Context(), driver(r), spec)
				})
		}
	})
}

func TestByIDShowsTheRowAndNoneBefore(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t, pgtest.EmptyURL(t))
	pgtest.Exec(t, db, `
		CREATE TABLE t (id int, b boolean, n bigint, f float8, s text, at timestamptz, u uuid, d bytea);
		INSERT INTO t VALUES (1, true, 1, 1.5, 'a', now(), gen_random_uuid(), '\x01');
		INSERT INTO t VALUES (2); INSERT INTO t VALUES (3), (3)`)
	columns := []string{"b", "n", "f", "s", "at", "u", "d"}
	query := sqlgraph.NewByID("t", columns, "id", func([]string) ([]any, error) {
		return []any{new(sql.NullBool), new(sql.NullInt64), new(sql.NullFloat64), new(sql.NullString), new(sql.NullTime), new(uuid.UUID), new([]byte)}, nil
	})
	drv := sql.OpenDB(dialect.Postgres, db)
	get := func(id int) *sqlgraph.Row {
		t.Helper()
		row, err := query.Query(t.Context(), drv, id)
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	for range 3 {
		full := get(1)
		if s, at := full.Values[3].(*sql.NullString), full.Values[4].(*sql.NullTime); full.Count != 1 || s.String != "a" || time.Since(at.Time) > time.Hour {
			t.Errorf("row 1 = %d %v, want its values", full.Count, full.Values)
		}
		kept := *full.Values[6].(*[]byte)
		query.Release(full)
		empty := get(2)
		want := fmt.Sprint(&sql.NullBool{}, &sql.NullString{}, uuid.Nil, "")
		if got := fmt.Sprint(empty.Values[0], empty.Values[3], *empty.Values[5].(*uuid.UUID), string(*empty.Values[6].(*[]byte))); got != want {
			t.Errorf("row 2 = %s, want %s", got, want)
		}
		query.Release(empty)
		if len(kept) != 1 || kept[0] != 1 {
			t.Errorf("bytes that were kept = %v, want [1]", kept)
		}
		for id, count := range map[int]int{3: 2, 4: 0} {
			if row := get(id); row.Count != count {
				t.Errorf("rows of %d = %d, want %d", id, row.Count, count)
			}
		}
	}
}

func TestByIDReturnsTheErrorOfItsValues(t *testing.T) {
	t.Parallel()
	query := sqlgraph.NewByID("t", []string{"id"}, "id", func([]string) ([]any, error) { return nil, errRecorded })
	if _, err := query.Query(context.Background(), &recorder{}, 1); err == nil {
		t.Error("error = nil, want that of scanValues")
	}
}
