package sqlgraph_test

import (
	"fmt"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	ent "entgo.io/ent/dialect/sql/sqlgraph"
	"entgo.io/ent/schema/field"

	"commitment/internal/pgtest"
	"commitment/internal/sqlgraph"
)

// An update of a row that isn't what its predicate asks for must not look like a success:
// somebody else has won the race.
func TestUpdateNodeMissesWhatEntMisses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		id        int
		predicate func(*sql.Selector)
		set       bool
		found     bool
	}{
		"the row":                           {id: 1, set: true, found: true},
		"another row":                       {id: 2, set: true},
		"another version":                   {id: 1, predicate: sql.FieldEQ("version", 7), set: true},
		"this version":                      {id: 1, predicate: sql.FieldEQ("version", 1), set: true, found: true},
		"another row, and a predicate":      {id: 2, predicate: sql.FieldEQ("version", 1), set: true},
		"another version, without a change": {id: 1, predicate: sql.FieldEQ("version", 7), found: true}, // Ent doesn't ask
		"another row, without a change":     {id: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.Open(t, pgtest.EmptyURL(t))
			var got []string
			for _, update := range []func(dialect.Driver, *sqlgraph.UpdateSpec) error{
				func(drv dialect.Driver, spec *sqlgraph.UpdateSpec) error {
					return sqlgraph.UpdateNode(t.Context(), drv, spec)
				},
				func(drv dialect.Driver, spec *sqlgraph.UpdateSpec) error {
					return ent.UpdateNode(t.Context(), drv, spec)
				},
			} {
				pgtest.Exec(t, db, "DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, version int); INSERT INTO t VALUES (1, 1)")
				spec := sqlgraph.NewUpdateSpec("t", []string{"id", "version"}, sqlgraph.NewFieldSpec("id", field.TypeInt))
				spec.Node.ID.Value, spec.Predicate = tt.id, tt.predicate
				if tt.set {
					spec.SetField("version", field.TypeInt, 8)
				}
				assigned := false
				spec.ScanValues = func([]string) ([]any, error) { return []any{new(sql.NullInt64), new(sql.NullInt64)}, nil }
				spec.Assign = func([]string, []any) error {
					assigned = true
					return nil
				}
				err := update(sql.OpenDB(dialect.Postgres, db), spec)
				if found := err == nil; found != tt.found || assigned != tt.found {
					t.Errorf("error = %v, row = %v, want a row: %v", err, assigned, tt.found)
				}
				got = append(got, fmt.Sprintf("%T %v, version %d", err, err, pgtest.Value[int](t, db, "SELECT version FROM t")))
			}
			if got[0] != got[1] {
				t.Errorf("%s, want %s", got[0], got[1])
			}
		})
	}
}
