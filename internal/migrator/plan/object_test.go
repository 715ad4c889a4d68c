package plan_test

import (
	"testing"

	"entgo.io/ent/dialect/sql/schema"

	"commitment/internal/migrator/migratortest"
	"commitment/internal/schemakit"
)

// stamp is a function and the trigger that calls it.
func stamp(value string) schemakit.Object {
	return schemakit.Object{
		Name: "stamp",
		Up: `CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name := '` + value + `'; -- always
  RETURN NEW;
END;
$$;
CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION stamp();`,
		Down: "DROP TRIGGER stamp ON items;\nDROP FUNCTION stamp();",
	}
}

// twice is stamp with one trigger more.
func twice(value string) schemakit.Object {
	o := stamp(value)
	o.Up += "\nCREATE TRIGGER stamp_again BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION stamp();"
	o.Down = "DROP TRIGGER stamp_again ON items;\n" + o.Down
	return o
}

func guarded(command string) schemakit.Object {
	return schemakit.Object{
		Name: "items_visible",
		Up:   "ALTER TABLE items ENABLE ROW LEVEL SECURITY;\nCREATE POLICY visible ON items FOR " + command + " USING (id > 0);",
		Down: "DROP POLICY visible ON items;\nALTER TABLE items DISABLE ROW LEVEL SECURITY;",
	}
}

var (
	citext   = schemakit.Object{Name: "citext", Up: "CREATE EXTENSION IF NOT EXISTS citext", Down: "DROP EXTENSION citext", First: true}
	suffixed = schemakit.Object{Name: "named", Up: "CREATE VIEW named AS SELECT name FROM items", Down: "DROP VIEW named"}
	audit    = schemakit.Object{Name: "audit", Up: "CREATE TABLE audit (id bigint PRIMARY KEY, what text NOT NULL)", Down: "DROP TABLE audit"}
	audit2   = schemakit.Object{Name: "audit", Up: "CREATE TABLE audit (id bigint PRIMARY KEY, what jsonb NOT NULL)", Down: "DROP TABLE audit"}
	audited  = schemakit.Object{Name: "audited", Up: "CREATE VIEW audited AS SELECT what FROM audit", Down: "DROP VIEW audited"}
	sparse   = schemakit.Object{
		Name: "items_long", Up: "CREATE INDEX CONCURRENTLY items_long ON items (length(name)) WHERE length(name) > 5", Down: "DROP INDEX CONCURRENTLY items_long",
	}
)

// guardedTwice is a policy on each of two tables, taken away in the other order.
func guardedTwice(command string) schemakit.Object {
	return schemakit.Object{
		Name: "guarded",
		Up: "ALTER TABLE items ENABLE ROW LEVEL SECURITY;\nCREATE POLICY guarded ON items FOR " + command + " USING (true);\n" +
			"ALTER TABLE owners ENABLE ROW LEVEL SECURITY;\nCREATE POLICY guarded ON owners FOR " + command + " USING (true);",
		Down: "DROP POLICY guarded ON owners;\nALTER TABLE owners DISABLE ROW LEVEL SECURITY;\nDROP POLICY guarded ON items;\nALTER TABLE items DISABLE ROW LEVEL SECURITY;",
	}
}

func paired(o schemakit.Object) declaration {
	return declaration{tables: []*schema.Table{items(), table("owners")}, objects: []schemakit.Object{o}}
}

// touch is a function that other objects share.
func touch(note string) schemakit.Object {
	return schemakit.Object{
		Name: "touch", Up: "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; -- " + note + "\nEND'",
		Down: "DROP FUNCTION touch()",
	}
}

var touched = schemakit.Object{
	Name: "touched", Up: "CREATE TRIGGER touched BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch()", Down: "DROP TRIGGER touched ON items",
}

func counter(step string) schemakit.Object {
	return schemakit.Object{Name: "counter", Up: "CREATE SEQUENCE counter INCREMENT BY " + step, Down: "DROP SEQUENCE counter"}
}

// declared is the table of items with these objects beside it.
func declared(objects ...schemakit.Object) declaration {
	d := tables(items(nullable(text("name", 20))))
	d.objects = objects
	return d
}

var objectChanges = []change{
	{
		name: "declare_everything_at_once", before: tables(), after: declared(stamp("a"), guarded("SELECT")),
		rows: "SELECT 1", holds: "SELECT count(*) = 0 FROM items",
	},
	{
		name: "declare_objects", before: declared(), after: declared(citext, stamp("a"), guarded("SELECT"), suffixed, sparse),
		rows: oneItem, holds: "SELECT count(*) = 1 FROM named",
	},
	{
		name: "change_objects", before: declared(stamp("a"), guarded("SELECT"), suffixed), after: declared(stamp("b"), guarded("UPDATE"), suffixed),
		rows: oneItem, holds: "SELECT name = 'a' FROM items",
	},
	{
		name: "extend_an_object", before: declared(stamp("a")), after: declared(twice("b")),
		rows: oneItem, holds: "SELECT count(*) = 2 FROM pg_trigger WHERE tgrelid = 'items'::regclass",
	},
	{
		name: "reduce_an_object", before: declared(twice("a")), after: declared(stamp("b")),
		rows: oneItem, holds: "SELECT count(*) = 1 FROM pg_trigger WHERE tgrelid = 'items'::regclass",
	},
	{
		name: "remove_objects", before: declared(citext, stamp("a"), guarded("SELECT"), suffixed, sparse, audit), after: declared(),
		rows: oneItem, holds: "SELECT name = 'a' FROM items",
	},
	{
		name: "change_an_object_of_two_tables", before: paired(guardedTwice("SELECT")), after: paired(guardedTwice("UPDATE")),
		rows: oneItem, holds: "SELECT count(*) = 2 FROM pg_policy",
	},
	{
		name:   "replace_a_function",
		before: declared(touch("a"), touched), after: declared(touch("b"), touched),
		rows: oneItem, holds: "SELECT count(*) = 1 FROM pg_trigger WHERE tgrelid = 'items'::regclass",
	},
	{
		name: "change_a_sequence", before: declared(counter("1")), after: declared(counter("2")),
		rows: "SELECT nextval('counter')", holds: "SELECT nextval('counter') = 1",
	},
	{
		name: "end_in_a_comment", before: declared(), after: declared(
			schemakit.Object{Name: "one", Up: "CREATE VIEW one AS SELECT 1 AS a -- the first", Down: "DROP VIEW one"},
			schemakit.Object{Name: "two", Up: "CREATE VIEW two AS SELECT '--' AS a; -- the second;", Down: "DROP VIEW two"}, suffixed,
		),
		rows: oneItem, holds: "SELECT count(*) = 1 FROM one, two, named",
	},
	{
		name: "change_a_declared_table", before: declared(audit), after: declared(audit2),
		rows: "INSERT INTO audit VALUES (1, '{}')", holds: "SELECT count(*) = 0 FROM audit",
	},
	{
		name: "change_a_declared_table_under_a_view", before: declared(audit, audited), after: declared(audited, audit2),
		rows: "INSERT INTO audit VALUES (1, '{}')", holds: "SELECT count(*) = 0 FROM audited",
	},
	{
		name: "add_a_partitioned_table", before: tables(items()), after: declared(schemakit.Object{
			Name: "log", Up: `CREATE TABLE log (id bigint GENERATED BY DEFAULT AS IDENTITY, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE INDEX log_day ON log (day);
CREATE TABLE log_rest PARTITION OF log DEFAULT;
`, Down: "DROP TABLE log",
		}),
		rows: oneItem, holds: "SELECT count(*) = 0 FROM log_rest",
	},
	{
		name: "drop_what_a_view_needs", before: declared(suffixed), after: tables(items()),
		rows: oneItem, holds: "SELECT id = 1 FROM items",
	},
	{
		name:   "alter_what_an_entity_has",
		before: declared(), after: declared(schemakit.Object{
			Name: "items_name_default", Up: "ALTER TABLE items ALTER COLUMN name SET DEFAULT 'database'", Down: "ALTER TABLE items ALTER COLUMN name DROP DEFAULT",
		}),
		rows: oneItem, holds: "SELECT name IS NULL FROM items",
	},
}

func TestDiffOfObjects(t *testing.T) {
	t.Parallel()
	s := migratortest.Server(t)
	for _, c := range objectChanges {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, s)
		})
	}
}
