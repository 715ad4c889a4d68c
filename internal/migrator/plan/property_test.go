package plan_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	"pgregory.net/rapid"

	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/schemakit"
)

// TestMain keeps the property quick where nobody says how many changes to draw.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		_ = flag.Set("rapid.checks", "10") // the flag is rapid's, and takes numbers
	}
	m.Run()
}

// TestAnyChange draws two declarations and plans from nothing to the first, and
// from the first to the second. Planning again finds nothing to do, nothing is lost
// outside a contract, and nothing that expands follows one. -rapid.checks says how many pairs there are.
func TestAnyChange(t *testing.T) {
	t.Parallel()
	s := migratortest.Server(t)
	rapid.Check(t, func(r *rapid.T) {
		before := drawDeclaration(r)
		after := drawDeclaration(r)
		after.renames = drawRenames(r)
		checkChange(t, r, s, before, after)
	})
}

func checkChange(t *testing.T, r *rapid.T, s *dev.Server, before, after declaration) {
	t.Helper()
	dir := directory(t)
	diff(r, s, dir, "before", before.entities())
	added := diff(r, s, dir, "change", after.entities())
	for i, f := range added {
		if i > 0 && migration.PhaseOf(added[i-1]) == migration.Contract && migration.PhaseOf(f) == migration.Expand {
			r.Errorf("%s expands and follows what contracts:\n%s", f.Name(), script(added))
		}
		loses := strings.Contains(string(f.Bytes()), "DROP COLUMN") || strings.Contains(string(f.Bytes()), "DROP TABLE")
		if loses != strings.Contains(f.Name(), "_contract") && loses {
			r.Errorf("%s loses something and isn't a contract:\n%s", f.Name(), f.Bytes())
		}
	}
	if again := diff(r, s, dir, "again", after.entities()); len(again) > 0 {
		r.Errorf("after\n%s\nthere is still to do\n%s", script(added), script(again))
	}
}

// families are the columns that a table may have, each with the types that it may
// have. PostgreSQL casts the types of a family to each other.
var families = map[string][]*schema.Column{
	"label":  {text("", 10), text("", 50), {Type: field.TypeString, Size: 20 << 20}},
	"title":  {text("", 10), text("", 50), {Type: field.TypeString, Size: 20 << 20}},
	"score":  {{Type: field.TypeInt32}, {Type: field.TypeInt64}, {Type: field.TypeFloat64}},
	"flag":   {{Type: field.TypeBool}},
	"moment": {{Type: field.TypeTime}},
	"token":  {{Type: field.TypeUUID}},
	"data":   {{Type: field.TypeJSON}},
}

var familyNames = []string{"data", "flag", "label", "moment", "score", "title", "token"}

var defaults = map[field.Type][]any{
	field.TypeString:  {"", "it's"},
	field.TypeInt32:   {0, 7},
	field.TypeInt64:   {0, -7},
	field.TypeFloat64: {1.5},
	field.TypeBool:    {true, false},
	field.TypeTime:    {schema.Expr("now()"), schema.Expr("clock_timestamp()")},
	field.TypeUUID:    {schema.Expr("gen_random_uuid()")},
	field.TypeJSON:    {"{}"},
}

func drawDeclaration(r *rapid.T) declaration {
	var d declaration
	for _, name := range []string{"alpha", "beta", "gamma", "delta"} {
		if rapid.Bool().Draw(r, name) {
			d.tables = append(d.tables, drawTable(r, name))
		}
	}
	for _, t := range d.tables {
		for _, to := range d.tables {
			if rapid.IntRange(0, 3).Draw(r, "edge") == 0 {
				withEdge(t, to, to.Name+"_id")
			}
		}
		if rapid.Bool().Draw(r, "object") {
			d.objects = append(d.objects, drawObject(r, t.Name))
		}
	}
	return d
}

func drawTable(r *rapid.T, name string) *schema.Table {
	t := table(name)
	checks := map[string]string{}
	for _, family := range familyNames {
		if !rapid.Bool().Draw(r, family) {
			continue
		}
		c := drawColumn(r, family)
		t.Columns = append(t.Columns, c)
		if c.Type == field.TypeString && rapid.Bool().Draw(r, "check") {
			checks[name+"_"+family] = rapid.SampledFrom([]string{family + " <> ''", family + " IN ('a', 'b')"}).Draw(r, "expression")
		}
	}
	t.Annotation = &entsql.Annotation{Checks: checks}
	for i := range rapid.IntRange(0, 2).Draw(r, "indexes") {
		drawIndex(r, t, fmt.Sprintf("%s_%d", name, i))
	}
	return t
}

func drawColumn(r *rapid.T, name string) *schema.Column {
	c := *rapid.SampledFrom(families[name]).Draw(r, "type")
	c.Name = name
	c.Nullable = rapid.Bool().Draw(r, "nullable")
	c.Unique = c.Type != field.TypeJSON && rapid.IntRange(0, 4).Draw(r, "unique") == 0
	if rapid.Bool().Draw(r, "has a default") {
		c.Default = rapid.SampledFrom(defaults[c.Type]).Draw(r, "default")
	}
	if rapid.IntRange(0, 4).Draw(r, "commented") == 0 {
		c.Comment = rapid.SampledFrom([]string{"what it is", "what it's for"}).Draw(r, "comment")
	}
	return &c
}

func drawIndex(r *rapid.T, t *schema.Table, name string) {
	index := &schema.Index{Name: name, Unique: rapid.Bool().Draw(r, "unique")}
	for _, c := range t.Columns {
		if c.Type != field.TypeJSON && rapid.Bool().Draw(r, "in index") {
			index.Columns = append(index.Columns, c)
		}
	}
	if len(index.Columns) == 0 {
		return
	}
	switch c := index.Columns[len(index.Columns)-1]; {
	case c.Type == field.TypeString && rapid.Bool().Draw(r, "partial"):
		index.Annotation = &entsql.IndexAnnotation{Where: c.Name + " <> ''"}
	case rapid.Bool().Draw(r, "descending"):
		index.Annotation = &entsql.IndexAnnotation{DescColumns: map[string]bool{c.Name: true}}
	}
	t.Indexes = append(t.Indexes, index)
}

// drawObject declares something beside a table: a trigger with its function, a
// policy, or a view.
func drawObject(r *rapid.T, table string) schemakit.Object {
	value := rapid.SampledFrom([]string{"1", "2"}).Draw(r, "value")
	switch rapid.IntRange(0, 3).Draw(r, "kind of object") {
	case 0:
		return schemakit.Object{
			Name: table + "_trigger",
			Up: fmt.Sprintf("CREATE FUNCTION %[1]s_noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; -- %[2]s\nEND';\n"+
				"CREATE TRIGGER %[1]s_noop AFTER INSERT ON %[1]s FOR EACH ROW EXECUTE FUNCTION %[1]s_noop();", table, value),
			Down: fmt.Sprintf("DROP TRIGGER %[1]s_noop ON %[1]s;\nDROP FUNCTION %[1]s_noop();", table),
		}
	case 1:
		return schemakit.Object{
			Name: table + "_policy",
			Up:   fmt.Sprintf("ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY;\nCREATE POLICY visible ON %[1]s USING (id > %[2]s);", table, value),
			Down: fmt.Sprintf("DROP POLICY visible ON %[1]s;\nALTER TABLE %[1]s DISABLE ROW LEVEL SECURITY;", table),
		}
	case 2:
		return schemakit.Object{
			Name: table + "_all",
			Up:   fmt.Sprintf("CREATE VIEW %[1]s_all AS SELECT *, %[2]s AS n FROM %[1]s;\nCREATE VIEW %[1]s_most AS SELECT * FROM %[1]s_all WHERE id > %[2]s", table, value),
			Down: fmt.Sprintf("DROP VIEW %[1]s_most;\nDROP VIEW %[1]s_all", table),
		}
	default:
		return schemakit.Object{
			Name: table + "_view",
			Up:   fmt.Sprintf("CREATE VIEW %[1]s_seen AS SELECT id FROM %[1]s WHERE id > %[2]s", table, value),
			Down: fmt.Sprintf("DROP VIEW %s_seen", table),
		}
	}
}

func drawRenames(r *rapid.T) []schemakit.Rename {
	all := []schemakit.Rename{
		{Table: "beta", From: "alpha"}, {Table: "gamma", From: "delta"},
		{Table: "alpha", Column: "title", From: "label"}, {Table: "gamma", Column: "label", From: "title"},
	}
	var drawn []schemakit.Rename
	for _, rename := range all {
		if rapid.Bool().Draw(r, "rename") {
			drawn = append(drawn, rename)
		}
	}
	return drawn
}
