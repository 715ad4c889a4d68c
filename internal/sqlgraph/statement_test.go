package sqlgraph_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	ent "entgo.io/ent/dialect/sql/sqlgraph"
	"entgo.io/ent/schema/field"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"commitment/internal/levers"
	"commitment/internal/sqlgraph"
)

// errRecorded is the error of every statement of a recorder.
var errRecorded = errors.New("recorded")

// recorder records the first statement.
type recorder struct {
	dialect.Driver
	query string
	args  any
}

func (*recorder) Dialect() string { return dialect.Postgres }

func (r *recorder) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(r), nil }

func (r *recorder) Exec(_ context.Context, query string, args, _ any) error {
	r.query, r.args = query, args
	return errRecorded
}

func (r *recorder) Query(ctx context.Context, query string, args, _ any) error {
	return r.Exec(ctx, query, args, nil)
}

// sameStatement fails unless both run the same statement, or return the same other error.
func sameStatement(t *rapid.T, ours, ents func(*recorder) error) {
	got, want := &recorder{}, &recorder{}
	gotErr, wantErr := ours(got), ents(want)
	if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
		t.Fatalf("error = %v, want %v", gotErr, wantErr)
	}
	if got.query != want.query {
		t.Fatalf("statement:\n%s\nwant:\n%s", got.query, want.query)
	}
	if diff := cmp.Diff(want.args, got.args, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("arguments (-want +got):\n%s", diff)
	}
}

// names generates names of tables and columns. Ent doesn't quote all of them.
func names() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		"id", "name", "order", "tenant_id", "x1", "Größe", "camelCase", `a"b`, "count(x)", "a b", "x AS y", "ALL_of", "t*", "a`b", "",
	})
}

// formatted is a value that writes its own argument.
type formatted string

func (formatted) FormatParam(param string, _ *sql.StmtInfo) string { return "lower(" + param + ")" }

// unmarshalable has no JSON.
var unmarshalable = make(chan int)

func value(t *rapid.T) (any, field.Type) {
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return nil, field.TypeString
	case 1:
		return sql.Expr("now() + $1", 3), field.TypeTime // SQL with an argument
	case 2:
		return formatted("x"), field.TypeOther
	case 3:
		return map[string]int{"a": 1}, field.TypeJSON
	case 4:
		return unmarshalable, field.TypeJSON
	}
	return rapid.Int64().Draw(t, "value"), field.TypeInt64
}

func fields(t *rapid.T, label string) (all []*sqlgraph.FieldSpec) {
	for range rapid.IntRange(0, 4).Draw(t, label) {
		f := sqlgraph.NewFieldSpec(names().Draw(t, "column"), field.TypeInt64)
		f.Value, f.Type = value(t)
		all = append(all, f)
	}
	return all
}

func edges(t *rapid.T, label string) (all []*sqlgraph.EdgeSpec) {
	for range rapid.IntRange(0, 2).Draw(t, label) {
		e := &sqlgraph.EdgeSpec{
			Rel:     rapid.SampledFrom([]sqlgraph.Rel{sqlgraph.M2O, sqlgraph.M2O, sqlgraph.O2O, sqlgraph.O2M}).Draw(t, "relation"),
			Inverse: rapid.Bool().Draw(t, "inverse"),
			Bidi:    rapid.Bool().Draw(t, "bidirectional"),
			Table:   "other",
			Columns: []string{names().Draw(t, "column")},
			Target:  &sqlgraph.EdgeTarget{IDSpec: sqlgraph.NewFieldSpec("id", field.TypeInt64)},
		}
		e.Target.Nodes = append(e.Target.Nodes, 7)
		all = append(all, e)
	}
	return all
}

func TestCreateNodeSendsWhatEntSends(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := sqlgraph.NewCreateSpec(names().Draw(t, "table"), sqlgraph.NewFieldSpec("id", field.TypeInt64))
		if rapid.Bool().Draw(t, "known id") {
			spec.ID.Value = int64(1)
		}
		if rapid.IntRange(0, 4).Draw(t, "conflict") == 0 {
			spec.OnConflict = []sql.ConflictOption{sql.ResolveWithIgnore()}
		}
		spec.Fields, spec.Edges = fields(t, "fields"), edges(t, "edges")
		sameStatement(t,
			func(r *recorder) error { return sqlgraph.CreateNode(t.Context(), r, spec) },
			func(r *recorder) error { return ent.CreateNode(t.Context(), r, spec) })
	})
}

func TestBatchCreate(t *testing.T) {
	t.Parallel()
	if !levers.LeanGraph {
		t.Skip("statements are Ent's")
	}
	row := func(id any, idType field.Type, names ...string) *sqlgraph.CreateSpec {
		spec := sqlgraph.NewCreateSpec("products", &sqlgraph.FieldSpec{Column: "id", Type: idType, Value: id})
		for i, name := range names {
			spec.SetField(name, field.TypeInt64, i)
		}
		return spec
	}
	const one, two = "1", "2"
	for name, tt := range map[string]struct {
		rows []*sqlgraph.CreateSpec
		want string // "" is Ent's
	}{
		"rows with the same columns": {
			[]*sqlgraph.CreateSpec{row(one, field.TypeString, "b", "a"), row(two, field.TypeString, "b", "a")},
			`INSERT INTO "products" ("b", "a", "id") VALUES ($1, $2, $3), ($4, $5, $6)`,
		},
		"one row":                     {[]*sqlgraph.CreateSpec{row(one, field.TypeUUID)}, `INSERT INTO "products" ("id") VALUES ($1)`},
		"rows with different columns": {[]*sqlgraph.CreateSpec{row(one, field.TypeString, "a"), row(two, field.TypeString, "b")}, ""},
		"ids that the server makes":   {[]*sqlgraph.CreateSpec{row(nil, field.TypeString, "a"), row(nil, field.TypeString, "a")}, ""},
		"ids that are numbers":        {[]*sqlgraph.CreateSpec{row(1, field.TypeInt, "a"), row(2, field.TypeInt, "a")}, ""},
		"a column that is set twice":  {[]*sqlgraph.CreateSpec{row(one, field.TypeString, "a", "a")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := &sqlgraph.BatchCreateSpec{Nodes: tt.rows}
			got, ents := &recorder{}, &recorder{}
			gotErr, entsErr := sqlgraph.BatchCreate(t.Context(), got, spec), ent.BatchCreate(t.Context(), ents, spec)
			if gotErr.Error() != entsErr.Error() {
				t.Errorf("error = %v, want %v", gotErr, entsErr)
			}
			if tt.want == "" {
				tt.want = ents.query
			}
			if got.query != tt.want {
				t.Errorf("statement:\n%s\nwant:\n%s", got.query, tt.want)
			}
		})
	}
}

func TestUpdateNodeSendsWhatEntSendsAndReturnsTheRow(t *testing.T) {
	t.Parallel()
	if !levers.LeanGraph {
		t.Skip("statements are Ent's")
	}
	rapid.Check(t, func(t *rapid.T) {
		spec := sqlgraph.NewUpdateSpec(names().Draw(t, "table"), []string{"id", names().Draw(t, "returned")}, sqlgraph.NewFieldSpec("id", field.TypeInt64))
		spec.Node.ID.Value = int64(1)
		if rapid.Bool().Draw(t, "predicate") {
			spec.Predicate = func(s *sql.Selector) { s.Where(sql.EQ(s.C("version"), 3)) }
		}
		if rapid.IntRange(0, 3).Draw(t, "modifier") == 0 {
			spec.AddModifier(func(u *sql.UpdateBuilder) { u.Set("more", sql.Expr("now()")) })
		}
		spec.Fields = sqlgraph.FieldMut{Set: fields(t, "set"), Add: fields(t, "add"), Clear: fields(t, "clear")}
		spec.Edges = sqlgraph.EdgeMut{Add: edges(t, "added"), Clear: edges(t, "cleared")}
		spec.ScanValues = func([]string) ([]any, error) { return nil, nil }
		plain := *spec
		if local(spec) {
			plain.Modifiers = append([]func(*sql.UpdateBuilder){}, spec.Modifiers...)
			plain.AddModifier(func(u *sql.UpdateBuilder) { u.Returning(spec.Node.Columns...) })
		}
		sameStatement(t,
			func(r *recorder) error { return sqlgraph.UpdateNode(t.Context(), r, spec) },
			func(r *recorder) error { return ent.UpdateNode(t.Context(), r, &plain) })
	})
}

func TestUpdateNodesSendsWhatEntSends(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := sqlgraph.NewUpdateSpec(names().Draw(t, "table"), []string{"id"}, sqlgraph.NewFieldSpec("id", field.TypeInt64))
		predicates := rapid.IntRange(0, 3).Draw(t, "predicates")
		if predicates > 0 {
			spec.Predicate = func(s *sql.Selector) {
				for i := range predicates {
					s.Where(sql.Or(sql.EQ(s.C("version"), i), sql.In(s.C("name"), "a", "b"), sql.IsNull(s.C("amount"))))
				}
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "modifier") == 0 {
			spec.AddModifier(func(u *sql.UpdateBuilder) { u.Set("more", sql.Expr("now()")) })
		}
		spec.Fields = sqlgraph.FieldMut{Set: fields(t, "set"), Add: fields(t, "add"), Clear: fields(t, "clear")}
		spec.Edges = sqlgraph.EdgeMut{Add: edges(t, "added"), Clear: edges(t, "cleared")}
		count := func(_ int, err error) error { return err }
		sameStatement(t,
			func(r *recorder) error { return count(sqlgraph.UpdateNodes(t.Context(), r, spec)) },
			func(r *recorder) error { return count(ent.UpdateNodes(t.Context(), r, spec)) })
	})
}

// local reports whether an update changes its own row alone.
func local(spec *sqlgraph.UpdateSpec) bool {
	for _, e := range append(append([]*sqlgraph.EdgeSpec{}, spec.Edges.Add...), spec.Edges.Clear...) {
		if e.Rel != sqlgraph.M2O && (e.Rel != sqlgraph.O2O || !e.Inverse) {
			return false
		}
	}
	return true
}

func TestQueryNodesSendsWhatEntSends(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.SliceOf(names()).Draw(t, "columns")
		spec := func() *sqlgraph.QuerySpec {
			return sqlgraph.NewQuerySpec("products", columns, sqlgraph.NewFieldSpec("id", field.TypeInt64))
		}
		limit, offset := rapid.IntRange(0, 3).Draw(t, "limit"), rapid.IntRange(0, 3).Draw(t, "offset")
		unique, table, from := rapid.Bool().Draw(t, "unique"), names().Draw(t, "table"), rapid.Bool().Draw(t, "from")
		configure := func(s *sqlgraph.QuerySpec) *sqlgraph.QuerySpec {
			s.ScanValues = func([]string) ([]any, error) { return nil, nil }
			s.Limit, s.Offset, s.Unique, s.Node.Table = limit, offset, unique, table
			s.Predicate = func(s *sql.Selector) { s.Where(sql.EQ(s.C("name"), "x")) }
			s.Order = func(s *sql.Selector) { s.OrderBy(s.C("id")) }
			s.Modifiers = []func(*sql.Selector){func(s *sql.Selector) { s.AppendSelect("1") }}
			if from {
				s.From = sql.Dialect(dialect.Postgres).Select().From(sql.Dialect(dialect.Postgres).Table("b").As("c"))
			}
			return s
		}
		sameStatement(t,
			func(r *recorder) error { return sqlgraph.QueryNodes(t.Context(), r, configure(spec())) },
			func(r *recorder) error { return ent.QueryNodes(t.Context(), r, configure(spec())) })
	})
}
