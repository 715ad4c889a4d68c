package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// declaring is an entity with everything that the annotations can say.
const declaring = `package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"

	"commitment/internal/schemakit"
)

type Aardvark struct{ ent.Schema }

type extended struct{ mixin.Schema }

func (extended) Annotations() []schema.Annotation {
	return []schema.Annotation{schemakit.Declare(
		schemakit.Object{Name: "citext", Up: "CREATE EXTENSION citext", First: true},
		schemakit.Object{Name: "{{table}}_log", Up: "CREATE {{table}}", Down: "DROP {{table}}"},
	)}
}

func (Aardvark) Mixin() []ent.Mixin { return []ent.Mixin{extended{}} }

type Zebra struct{ ent.Schema }

func (Zebra) Mixin() []ent.Mixin { return []ent.Mixin{extended{}} }

func (Aardvark) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").StorageKey("number").Annotations(schemakit.RenamedFrom("nr")),
		field.String("label").StorageKey("title").Annotations(schemakit.RenamedFrom("name")),
	}
}

type Abode struct{ ent.View }

func (Abode) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.View("SELECT number FROM aardvarks")}
}

func (Abode) Fields() []ent.Field { return []ent.Field{field.String("number")} }

func (Aardvark) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("young", Aardvark.Type).From("mother").Unique().Annotations(schemakit.RenamedFrom("aardvark_parent")),
		edge.To("burrow", Aardvark.Type).Unique().Annotations(schemakit.RenamedFrom("aardvark_hole")),
		edge.To("friends", Aardvark.Type).Annotations(schemakit.RenamedFrom("aardvark_mates")),
	}
}

func (Aardvark) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schemakit.Declare(schemakit.Object{Name: "quotes", Up: "SELECT '` + "`" + `';\n", Down: "SELECT\n1;\n"}),
		schemakit.RenamedFrom("anteaters"),
	}
}
`

func TestDeclared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range readModule(t, filepath.Join("..", "..")) {
		write(t, filepath.Join(dir, name), text)
	}
	write(t, filepath.Join(dir, "ent", "schema", "aardvark.go"), declaring)
	runGenerator(t, dir)
	text, err := os.ReadFile(filepath.Join(dir, "ent", "migrate", "declared.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\t{\n\t\tName:  \"citext\",\n\t\tUp:    \"CREATE EXTENSION citext\",\n\t\tDown:  \"\",\n\t\tFirst: true,\n\t},\n" +
			"\t{\n\t\tName: \"aardvarks_log\",\n\t\tUp:   \"CREATE aardvarks\",\n\t\tDown: \"DROP aardvarks\",\n\t},\n" +
			"\t{\n\t\tName: \"quotes\",\n\t\tUp:   \"SELECT '`';\\n\",\n\t\tDown: `SELECT\n1;\n`,\n\t},\n" +
			"\t{\n\t\tName: \"abodes\",\n\t\tUp:   \"CREATE VIEW \\\"abodes\\\" AS SELECT number FROM aardvarks\",\n\t\tDown: \"DROP VIEW \\\"abodes\\\"\",\n\t},\n",
		"\t{\n\t\tName: \"zebras_log\",\n\t\tUp:   \"CREATE zebras\",\n\t\tDown: \"DROP zebras\",\n\t},\n}\n",
		"var Renames = []schemakit.Rename{\n" +
			"\t{Table: \"aardvarks\", From: \"anteaters\"},\n" +
			"\t{Table: \"aardvark_friends\", From: \"aardvark_mates\"},\n" +
			"\t{Table: \"aardvarks\", Column: \"number\", From: \"nr\"},\n" +
			"\t{Table: \"aardvarks\", Column: \"title\", From: \"name\"},\n" +
			"\t{Table: \"aardvarks\", Column: \"aardvark_young\", From: \"aardvark_parent\"},\n" +
			"\t{Table: \"aardvarks\", Column: \"aardvark_burrow\", From: \"aardvark_hole\"},\n}\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("declared.go = %s, want in it %s", text, want)
		}
	}
}
