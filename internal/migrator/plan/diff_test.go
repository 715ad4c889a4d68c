package plan_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/pgtest"
	"commitment/internal/schemakit"
)

// update rewrites the golden files from what the tests get.
var update = flag.Bool("update", false, "rewrite the golden files")

// change is one kind of change: what was declared before, and what is now. The
// plan is in testdata, under the name of the change.
type change struct {
	name          string
	before, after declaration
	// files are SQL that is there instead of what before would be planned as.
	files string
	// rows are inserted before the change is applied; after it, holds answers true.
	rows, holds string
	// fill is what has to be done by hand where there are rows: without it the
	// plan fails with the SQLSTATE in fails, and nothing is lost.
	fill, fails string
	// owner applies it as a role that is neither a superuser nor has BYPASSRLS.
	owner bool
}

func items(columns ...*schema.Column) *schema.Table { return table("items", columns...) }

func tables(all ...*schema.Table) declaration { return declaration{tables: all} }

const oneItem = "INSERT INTO items (id) VALUES (1)"

var changes = []change{
	{
		name: "first", before: tables(), after: tables(withIndex(items(text("name", 20)), &schema.Index{Name: "items_name"}, "name")),
		rows: "SELECT 1", holds: "SELECT count(*) = 0 FROM items WHERE name = ''",
	},
	{
		name: "add_table", before: tables(items()), after: func() declaration {
			to := items()
			return tables(to, withIndex(withEdge(table("lines", text("name", 10)), to, "item_id"), &schema.Index{Name: "lines_item"}, "item_id"))
		}(),
		rows: oneItem, holds: "SELECT count(*) = 0 FROM lines",
	},
	{
		name: "add_columns", before: tables(items()),
		after: tables(items(nullable(text("note", 20)), withDefault(number("price"), 7), withDefault(text("label", 5), "new"),
			withDefault(&schema.Column{Name: "seen_at", Type: field.TypeTime}, schema.Expr("now()")))),
		rows: oneItem, holds: "SELECT note IS NULL AND price = 7 AND label = 'new' AND seen_at IS NOT NULL FROM items",
	},
	{
		name: "add_required_column", before: tables(items()), after: tables(items(text("name", 20))),
		rows: oneItem, fails: "23514", fill: "UPDATE items SET name = 'filled'", holds: "SELECT name = 'filled' FROM items",
	},
	{
		name: "add_column_with_a_volatile_default", before: tables(items()),
		after: tables(items(withDefault(&schema.Column{Name: "token", Type: field.TypeUUID}, schema.Expr("gen_random_uuid()")))),
		rows:  oneItem, fails: "23514", fill: "UPDATE items SET token = gen_random_uuid()", holds: "SELECT token IS NOT NULL FROM items",
	},
	{
		name: "add_serial_column", before: tables(items()),
		after: tables(items(&schema.Column{Name: "place", Type: field.TypeInt, SchemaType: map[string]string{"postgres": "serial"}})),
		rows:  oneItem, fails: "23514", fill: "UPDATE items SET place = nextval('items_place_seq')", holds: "SELECT place = 1 FROM items",
	},
	{
		name: "drop_column", before: tables(withIndex(items(text("name", 20), number("price")), &schema.Index{Name: "items_name"}, "name")),
		after: tables(items(number("price"))),
		rows:  "INSERT INTO items VALUES (1, 'a', 2)", holds: "SELECT to_jsonb(items) = '{\"id\": 1, \"price\": 2}' FROM items",
	},
	{
		name: "drop_tables",
		before: func() declaration {
			a, b, c := items(), table("b"), table("c")
			withEdge(withEdge(b, a, "item_id"), c, "c_id")
			return tables(a, b, withEdge(c, b, "b_id"), withEdge(table("d"), c, "c_id"))
		}(),
		after: tables(items()),
		rows:  oneItem, holds: "SELECT count(*) = 1 FROM pg_tables WHERE tablename IN ('items', 'b', 'c', 'd')",
	},
	{
		name: "rename_column", before: tables(withIndex(items(unique(text("name", 20))), &schema.Index{Name: "item_name"}, "name")),
		after: func() declaration {
			d := tables(withIndex(items(unique(text("title", 20))), &schema.Index{Name: "item_title"}, "title"))
			d.renames = []schemakit.Rename{{Table: "items", Column: "title", From: "name"}}
			return d
		}(),
		rows: "INSERT INTO items VALUES (1, 'kept')", holds: "SELECT title = 'kept' FROM items",
	},
	{
		name: "rename_table",
		before: func() declaration {
			to := withChecks(items(unique(text("name", 20))), map[string]string{"items_name": "name <> ''"})
			return tables(to, withEdge(table("lines"), to, "item_id"))
		}(),
		after: func() declaration {
			to := withChecks(table("goods", unique(text("name", 20))), map[string]string{"goods_name": "name <> ''"})
			d := tables(to, withEdge(table("lines"), to, "item_id"))
			d.renames = []schemakit.Rename{{Table: "goods", From: "items"}}
			return d
		}(),
		rows: "INSERT INTO items VALUES (1, 'kept'); INSERT INTO lines VALUES (1, 1)", holds: "SELECT name = 'kept' FROM goods",
	},
	{
		name: "add_indexes", before: tables(items(text("name", 20), number("price"))),
		after: tables(withIndex(withIndex(items(unique(text("name", 20)), number("price")), &schema.Index{Name: "items_price_name"}, "price", "name"),
			&schema.Index{Name: "items_price", Unique: true}, "price")),
		rows: "INSERT INTO items VALUES (1, 'a', 1), (2, 'b', 2)", holds: "SELECT count(*) = 4 FROM pg_indexes WHERE tablename = 'items'",
	},
	{
		name:   "drop_and_change_indexes",
		before: tables(withIndex(withIndex(items(text("name", 20), number("price")), &schema.Index{Name: "items_price"}, "price"), &schema.Index{Name: "items_name"}, "name")),
		after:  tables(withIndex(items(text("name", 20), number("price")), &schema.Index{Name: "items_price"}, "price", "name")),
		rows:   "INSERT INTO items VALUES (1, 'a', 1)", holds: "SELECT count(*) = 2 FROM pg_indexes WHERE tablename = 'items'",
	},
	{
		name: "add_edge", before: tables(items(), table("owners")),
		after: func() declaration {
			to := table("owners")
			return tables(withEdge(items(), to, "owner_id"), to)
		}(),
		rows: oneItem, holds: "SELECT owner_id IS NULL FROM items",
	},
	{
		name:   "change_checks",
		before: tables(withChecks(items(number("price")), map[string]string{"gone": "price <> 13", "price": "price > 0"})),
		after:  tables(withChecks(items(number("price")), map[string]string{"price": "price >= 0", "small": "price < 100"})),
		rows:   "INSERT INTO items VALUES (1, 5)", holds: "SELECT count(*) = 2 AND bool_and(convalidated) FROM pg_constraint WHERE contype = 'c' AND conrelid = 'items'::regclass",
	},
	{
		name: "require", before: tables(items(nullable(text("name", 20)))), after: tables(items(text("name", 20))),
		rows: oneItem, fails: "23514", fill: "UPDATE items SET name = ''", holds: "SELECT name = '' FROM items",
	},
	{
		name:   "require_two_columns_of_long_names",
		before: tables(items(nullable(number("the_delivery_address_of_the_customer_at_the_first_attempt")), nullable(number("the_delivery_address_of_the_customer_at_the_second_attempt")))),
		after:  tables(items(number("the_delivery_address_of_the_customer_at_the_first_attempt"), number("the_delivery_address_of_the_customer_at_the_second_attempt"))),
		rows:   "INSERT INTO items VALUES (1, 2, 3)", holds: "SELECT count(*) = 1 FROM items",
	},
	{
		name: "unrequire", before: tables(items(text("name", 20))), after: tables(items(nullable(text("name", 20)))),
		rows: "INSERT INTO items VALUES (1, 'a')", holds: "SELECT name = 'a' FROM items",
	},
	{
		name: "change_types", before: tables(withChecks(items(text("name", 20), withDefault(text("amount", 20), "0"), number("price")), map[string]string{"named": "name <> ''"})),
		after: tables(withChecks(items(text("name", 50), withDefault(number("amount"), 0), &schema.Column{Name: "price", Type: field.TypeFloat64}), map[string]string{"named": "name <> ''"})),
		rows:  "INSERT INTO items VALUES (1, 'a', '12', 3)", holds: "SELECT amount = 12 AND price = 3.0 FROM items",
	},
	{
		name: "change_types_and_lose", before: tables(items(typed("price", "numeric(12,4)"), typed("moment", "timestamptz"), number("score"))),
		after: tables(items(typed("price", "numeric(10,2)"), typed("moment", "date"), typed("score", "text"))),
		rows:  "INSERT INTO items VALUES (1, 1.2345, '2000-01-02 03:04:05+00', 7)", holds: "SELECT price = 1.23 AND moment >= '2000-01-01' AND score = '7' FROM items",
	},
	{
		name: "change_defaults", before: tables(items(withDefault(number("price"), 1), withDefault(number("size"), 1), number("rank"))),
		after: tables(items(withDefault(number("price"), 2), number("size"), withDefault(number("rank"), 3))),
		rows:  "INSERT INTO items VALUES (1, 1, 1, 1)", holds: "SELECT price = 1 FROM items",
	},
}

func TestDiff(t *testing.T) {
	t.Parallel()
	s := migratortest.Server(t)
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, s)
		})
	}
}

// test plans the change, and applies it to a database with rows, which then has all
// that is declared. The files from before are written without a plan.
func (c change) test(t *testing.T, s *dev.Server) {
	t.Helper()
	db, err := s.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Drop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	before := []migrate.File{migrate.NewLocalFile("20260101000000_by_hand.sql", []byte(c.files))}
	if c.files == "" {
		if before, err = c.before.entities().Declared(t.Context(), db.DB); err != nil {
			t.Fatal(err)
		}
	}
	added := diff(t, s, directory(t, before...), c.name, c.after.entities())
	golden(t, c.name, added)
	applier := db.DB
	if c.owner {
		const role = "pg_database_owner" // a role that every server has
		exec(t, db.DB, "GRANT USAGE, CREATE ON SCHEMA public TO "+role)
		applier = pgtest.Open(t, pgtest.WithParams(t, db.URL, map[string]string{"role": role}))
	}
	c.apply(t, db.DB, applier, before, added)
	if left, err := c.after.entities().Left(t.Context(), s, db.DB, slices.Concat(before, added)); err != nil || len(left) > 0 {
		t.Errorf("what the plan leaves to do = %+v, %v, want nothing", left, err)
	}
}

// apply runs the plan on a database with rows, through the pool of the role that migrates.
func (c change) apply(t *testing.T, db, applier *sql.DB, before, added []migrate.File) {
	t.Helper()
	if err := migration.Replay(t.Context(), applier, before); err != nil {
		t.Fatal(err)
	}
	exec(t, db, c.rows)
	for _, f := range added {
		err := migration.Replay(t.Context(), applier, []migrate.File{f})
		refused, _ := errors.AsType[*pgconn.PgError](err)
		if refused != nil && refused.Code == c.fails {
			c.fails = ""
			exec(t, applier, c.fill)
			err = migration.Replay(t.Context(), applier, []migrate.File{f})
		}
		if err != nil {
			t.Fatalf("apply %s: %v", f.Name(), err)
		}
	}
	if c.fails != "" {
		t.Errorf("plan runs on rows without a value, want SQLSTATE %s", c.fails)
	}
	var holds bool
	if err := db.QueryRowContext(t.Context(), c.holds).Scan(&holds); err != nil || !holds {
		t.Errorf("%s = %t, %v, want true", c.holds, holds, err)
	}
}

// script is the files in one text, without the time in their names.
func script(files []migrate.File) string {
	var b strings.Builder
	for _, f := range files {
		b.WriteString("==> " + strings.TrimPrefix(f.Name(), f.Version()+"_") + "\n")
		b.Write(f.Bytes())
	}
	return b.String()
}

// golden compares files with the golden file of that name, or rewrites it.
func golden(t *testing.T, name string, files []migrate.File) {
	t.Helper()
	path := filepath.Join("testdata", name+".sql")
	got := script(files)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(unqualified(string(want)), unqualified(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// unqualified is SQL without the names of relations before columns: before version 16,
// PostgreSQL writes them in all views.
func unqualified(sql string) string {
	return regexp.MustCompile(`\b(items|cheap|whole|audit)\.`).ReplaceAllString(sql, "")
}
