package plan_test

import (
	"context"
	"database/sql"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/plan"
	"commitment/internal/schemakit"
)

func embedded(tb testing.TB) migrate.Dir {
	tb.Helper()
	dir, err := migration.Embedded()
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// directory is an empty one on disk, with its atlas.sum.
func directory(tb testing.TB, files ...migrate.File) *migrate.LocalDir {
	tb.Helper()
	dir, err := migrate.NewLocalDir(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	if err := plan.Write(dir, files); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// failer is what a test and a property have in common.
type failer interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// diff plans into dir and returns the files that it added.
func diff(tb failer, s *dev.Server, dir *migrate.LocalDir, name string, want plan.Entities) []migrate.File {
	tb.Helper()
	names, err := want.Diff(tb.Context(), s, dir, name)
	if err != nil {
		tb.Fatalf("diff %s: %v", name, err)
	}
	all, err := dir.Files()
	if err != nil {
		tb.Fatal(err)
	}
	added := all[len(all)-len(names):]
	for i, f := range added {
		if f.Name() != names[i] {
			tb.Fatalf("added = %v, want the newest files of the directory, %s among them", names, f.Name())
		}
	}
	return added
}

func exec(tb testing.TB, db *sql.DB, statements string) {
	tb.Helper()
	if _, err := db.ExecContext(tb.Context(), statements); err != nil {
		tb.Fatal(err)
	}
}

// declaration is what a test's entities are.
type declaration struct {
	tables  []*schema.Table
	objects []schemakit.Object
	renames []schemakit.Rename
	tenants []string
}

func (d declaration) entities() plan.Entities {
	return plan.Entities{Tables: d.tables, Objects: d.objects, Renames: d.renames, Tenants: d.tenants}
}

// table has an id, which is its primary key, and these columns.
func table(name string, columns ...*schema.Column) *schema.Table {
	id := &schema.Column{Name: "id", Type: field.TypeInt64}
	return &schema.Table{Name: name, Columns: append([]*schema.Column{id}, columns...), PrimaryKey: []*schema.Column{id}}
}

func number(name string) *schema.Column { return &schema.Column{Name: name, Type: field.TypeInt64} }

func text(name string, size int64) *schema.Column {
	return &schema.Column{Name: name, Type: field.TypeString, SchemaType: schemakit.Varchar(int(size))}
}

// typed is a column of a type of PostgreSQL's.
func typed(name, postgres string) *schema.Column {
	return &schema.Column{Name: name, Type: field.TypeString, SchemaType: map[string]string{dialect.Postgres: postgres}}
}

func nullable(c *schema.Column) *schema.Column {
	c.Nullable = true
	return c
}

func withDefault(c *schema.Column, value any) *schema.Column {
	c.Default = value
	return c
}

func unique(c *schema.Column) *schema.Column {
	c.Unique = true
	return c
}

func withChecks(t *schema.Table, checks map[string]string) *schema.Table {
	t.Annotation = &entsql.Annotation{Checks: checks}
	return t
}

// column is the column of that name, which has to be there.
func column(t *schema.Table, name string) *schema.Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	panic("no column " + name)
}

func withIndex(t *schema.Table, index *schema.Index, columns ...string) *schema.Table {
	for _, name := range columns {
		index.Columns = append(index.Columns, column(t, name))
	}
	t.Indexes = append(t.Indexes, index)
	return t
}

// withEdge adds a nullable column that refers to another table's id.
func withEdge(t, to *schema.Table, name string) *schema.Table {
	c := nullable(number(name))
	t.Columns = append(t.Columns, c)
	t.ForeignKeys = append(t.ForeignKeys, &schema.ForeignKey{
		Symbol: t.Name + "_" + to.Name + "_" + name, Columns: []*schema.Column{c},
		RefTable: to, RefColumns: to.PrimaryKey, OnDelete: schema.SetNull,
	})
	return t
}
