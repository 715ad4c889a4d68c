package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/buildtest"
)

// odds are schemas that no resource can be made of, each with one field, or one option of
// its annotation, and what is said of it.
var odds = []struct{ field, option, want string }{
	{`field.String("x").Annotations(rest.Filterable())`, ``, "x is Filterable, and no index begins with it: add one, or rest.Unindexed()"},
	{`field.String("x").Annotations(rest.Sortable())`, ``, "x is Sortable, and no B-tree index begins with it: add one, or rest.Unindexed()"},
	{`field.String("partial").Annotations(rest.Filterable())`, ``, "partial is Filterable, and no index begins with it"},
	{`field.String("pattern").Annotations(rest.Sortable())`, ``, "pattern is Sortable, and no B-tree index begins with it"},
	{`field.String("x").Annotations(rest.Contains())`, ``, "x is filtered by Contains, and has no GIN index with gin_trgm_ops"},
	{`field.Int("x").Annotations(rest.Contains(), rest.Unindexed())`, ``, "x is no text"},
	{`field.Strings("x").Annotations(rest.Filterable(), rest.Unindexed())`, ``, "x is neither filtered nor sorted by"},
	{`field.String("x").Optional()`, ``, "x is Optional and not Nillable"},
	{`field.String("x").Sensitive().Annotations(rest.Filterable(), rest.Unindexed())`, ``, "x is hidden"},
	{`field.String("x").Annotations(rest.Hidden(), rest.Sortable(), rest.Unindexed())`, ``, "x is hidden"},
	{`field.String("x").Annotations(rest.WriteOnly(), rest.Filterable(), rest.Unindexed())`, ``, "x is WriteOnly"},
	{`field.String("x").Annotations(rest.ReadOnly(), rest.Writable())`, ``, "x is ReadOnly"},
	{`field.String("x").Annotations(rest.WriteOnly(), rest.ReadOnly())`, ``, "x is ReadOnly, and clients write it"},
	{`field.String("x").Annotations(rest.Hidden(), rest.Writable())`, ``, "x is Hidden, and clients read or write it"},
	{`field.Bytes("x").Annotations(rest.Sortable(), rest.Unindexed())`, ``, "x is neither filtered nor sorted by"},
	{`field.Int("x").Annotations(rest.Example("one"))`, ``, "x has the Example one: expected no text"},
	{`field.Int("x").Annotations(rest.Example(1.5))`, ``, "x has the Example 1.5: expected no such number"},
	{`field.Int("x").Positive().Annotations(rest.Example(-1))`, ``, "x has the Example -1: value out of range"},
	{`field.Bool("x").Annotations(rest.Example(1))`, ``, "x has the Example 1: expected no such number"},
	{`field.String("x").Annotations(rest.Example(true))`, ``, "x has the Example true: expected no bool"},
	{`field.String("x").Annotations(rest.Example([]string{"a"}))`, ``, "x has the Example [a]: expected a single value"},
	{`field.String("x").MaxLen(2).Annotations(rest.Example("abc"))`, ``, "x has the Example abc: value is greater than the required length"},
	{`field.String("x").Annotations(rest.Pattern("^[A-Z]+$"), rest.Example("abc"))`, ``, "x has the Example abc: expected a text that matches ^[A-Z]+$"},
	{`field.String("x").Annotations(rest.Pattern("["), rest.Example("abc"))`, ``, "x has the Example abc: error parsing regexp"},
	{`field.Enum("x").Values("a", "b").Annotations(rest.Example("c"))`, ``, "x has the Example c: expected one of a, b"},
	{`field.Int("x")`, `rest.DefaultSort("-x")`, ` DefaultSort("-x"): x isn't sortable`},
	{`field.Int("x")`, `rest.SoftDelete("x")`, ` SoftDelete("x"): expected an optional field with a time`},
	{`field.Int("x").Immutable()`, `rest.Operations(rest.Patch)`, ` has the operation patch, and no field that clients change`},
}

func TestWhatNoResourceCanBe(t *testing.T) {
	t.Parallel()
	schema := `package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"commitment/internal/schemakit/rest"
)

var _ = []any{index.Fields, entsql.IndexWhere}
`
	var wants []string
	for i, o := range odds {
		name, line := fmt.Sprintf("Odd%d", i), 1+strings.Count(schema, "\n")
		if strings.HasPrefix(o.want, " ") {
			wants = append(wants, fmt.Sprintf("ent/schema/odd.go:%d:6: %s%s", line, name, o.want))
		} else {
			wants = append(wants, fmt.Sprintf("ent/schema/odd.go:%d:3: %s.%s", line+5, name, o.want))
		}
		schema += strings.ReplaceAll(`type Odd struct{ ent.Schema }

func (Odd) Annotations() []schema.Annotation { return []schema.Annotation{rest.Resource(`+o.option+`)} }
func (Odd) Fields() []ent.Field {
	return []ent.Field{
		`+o.field+`,
	}
}
`, "Odd", name)
		if strings.Contains(o.field, "partial") {
			schema += "func (" + name + `) Indexes() []ent.Index { return []ent.Index{index.Fields("partial").Annotations(entsql.IndexWhere("partial <> ''"))} }` + "\n"
		}
		if strings.Contains(o.field, "pattern") {
			schema += "func (" + name + `) Indexes() []ent.Index { return []ent.Index{index.Fields("pattern").Annotations(entsql.OpClass("text_pattern_ops"))} }` + "\n"
		}
	}
	dir := buildtest.Dir(t)
	before := readModule(t, filepath.Join("..", ".."))
	before["ent/schema/odd.go"] = schema
	before["ent/schema/odd_edges.go"] = oddEdges
	wants = append(wants, wrongEdges()...)
	for name, text := range before {
		write(t, filepath.Join(dir, name), text)
	}
	out, err := tryGo(t, dir, "generate", ".")
	if err == nil {
		t.Error("go generate succeeded")
	}
	for _, want := range wants {
		if !strings.Contains(out, want) {
			t.Errorf("go generate doesn't say %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
	if diff := cmp.Diff(before, readModule(t, dir)); diff != "" {
		t.Errorf("what failed left something behind (-before +after):\n%s", diff)
	}
}

func TestResourcesComeAndGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "by_hand.go"), "package resource\n")
	const generated = "// Code generated by entgen, DO NOT EDIT.\n\npackage resource\n"
	check := func(want ...string) {
		t.Helper()
		var got []string
		paths, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			got = append(got, filepath.Base(path))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	}
	write := func(names ...string) {
		t.Helper()
		files := map[string][]byte{}
		for _, name := range names {
			files[name] = []byte(generated)
		}
		if err := writeResources(dir, files); err != nil {
			t.Fatal(err)
		}
	}
	write("product.go", "entry.go")
	check("by_hand.go", "doc.go", "entry.go", "product.go")
	write("entry.go")
	check("by_hand.go", "doc.go", "entry.go")
}
