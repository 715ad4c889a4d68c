package sqlgraph_test

import (
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"commitment/internal/pgtest"
	"commitment/internal/sqlgraph"
)

// select3 runs QueryNodes on a table of three rows, and passes what each is scanned into
// to assign.
func select3(t *testing.T, query string, newValue func(column string) any, assign func([]any)) {
	t.Helper()
	db := pgtest.Open(t, pgtest.EmptyURL(t))
	pgtest.Exec(t, db, "CREATE TABLE t AS SELECT * FROM ("+query+") r(v)")
	spec := sqlgraph.NewQuerySpec("t", []string{"v"}, sqlgraph.NewFieldSpec("v", field.TypeOther))
	spec.ScanValues = func(columns []string) ([]any, error) {
		values := make([]any, len(columns))
		for i, c := range columns {
			values[i] = newValue(c)
		}
		return values, nil
	}
	spec.Assign = func(_ []string, values []any) error {
		assign(values)
		return nil
	}
	if err := sqlgraph.QueryNodes(t.Context(), sql.OpenDB(dialect.Postgres, db), spec); err != nil {
		t.Fatal(err)
	}
}

func TestARowDoesNotShowTheRowBefore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, query string
		value       func() any
		isZero      func(any) bool
	}{
		{"boolean", "VALUES (true), (NULL), (true)", func() any { return new(sql.NullBool) }, func(v any) bool { return *v.(*sql.NullBool) == sql.NullBool{} }},
		{"integer", "VALUES (1), (NULL), (1)", func() any { return new(sql.NullInt64) }, func(v any) bool { return *v.(*sql.NullInt64) == sql.NullInt64{} }},
		{"float", "VALUES (1.5), (NULL), (1.5)", func() any { return new(sql.NullFloat64) }, func(v any) bool { return *v.(*sql.NullFloat64) == sql.NullFloat64{} }},
		{"text", "VALUES ('a'), (NULL), ('a')", func() any { return new(sql.NullString) }, func(v any) bool { return *v.(*sql.NullString) == sql.NullString{} }},
		{"time", "VALUES (now()), (NULL), (now())", func() any { return new(sql.NullTime) }, func(v any) bool { return *v.(*sql.NullTime) == sql.NullTime{} }},
		{"uuid", "VALUES (gen_random_uuid()), (NULL), (gen_random_uuid())", func() any { return new(uuid.UUID) }, func(v any) bool { return *v.(*uuid.UUID) == uuid.Nil }},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			var zero []bool
			select3(t, c.query, func(string) any { return c.value() }, func(values []any) { zero = append(zero, c.isZero(values[0])) })
			if len(zero) != 3 || zero[0] || !zero[1] || zero[2] {
				t.Errorf("zero = %v, want [false true false]", zero)
			}
		})
	}
}

// An entity may keep a value: the bytes of a field, a value that a modifier has added, that
// of a field whose Go type is a pointer.
func TestNoTwoRowsShareAValue(t *testing.T) {
	t.Parallel()
	const texts = "VALUES ('a'), ('b'), ('c')"
	for kind, c := range map[string]struct {
		query    string
		newValue func(string) any
	}{
		"bytes":             {texts, func(string) any { return new([]byte) }},
		"a type of its own": {texts, func(string) any { return &sql.NullScanner{S: new(sql.NullString)} }},
		"an unknown column": {texts, func(string) any { return new(sql.UnknownType) }},
		"text":              {texts, func(string) any { return new(sql.NullString) }},
		"boolean":           {"VALUES (true), (false), (NULL)", func(string) any { return new(sql.NullBool) }},
		"integer":           {"VALUES (1), (2), (3)", func(string) any { return new(sql.NullInt64) }},
		"float":             {"VALUES (1.5), (2.5), (3.5)", func(string) any { return new(sql.NullFloat64) }},
		"time":              {"VALUES (now()), (now()), (NULL)", func(string) any { return new(sql.NullTime) }},
		"uuid":              {"VALUES (gen_random_uuid()), (gen_random_uuid()), (NULL)", func(string) any { return new(uuid.UUID) }},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			kept := map[any]bool{}
			select3(t, c.query, c.newValue, func(values []any) { kept[values[0]] = true })
			if len(kept) != 3 {
				t.Errorf("different values = %d, want 3", len(kept))
			}
		})
	}
}
