package plan_test

import (
	"fmt"
	"testing"

	"entgo.io/ent/dialect/sql/schema"

	"commitment/internal/migrator/migratortest"
	"commitment/internal/schemakit"
)

// object is declared beside the tables, with a Down that drops it.
func object(name, up, down string) schemakit.Object {
	return schemakit.Object{Name: name, Up: up, Down: down}
}

// beside declares objects beside a table.
func beside(t *schema.Table, objects ...schemakit.Object) declaration {
	return declaration{tables: []*schema.Table{t}, objects: objects}
}

var (
	cheap  = object("cheap", "CREATE VIEW cheap AS SELECT id, name, price FROM items WHERE price < 10", "DROP VIEW cheap")
	free   = object("free", "CREATE VIEW free WITH (security_barrier=true) AS SELECT id, price FROM cheap WHERE price = 0", "DROP VIEW free")
	totals = object("totals", "CREATE MATERIALIZED VIEW totals AS SELECT sum(price) AS total FROM items;\nCREATE UNIQUE INDEX totals_total ON totals (total);", "DROP MATERIALIZED VIEW totals")
)

// viewChanges change what views read.
var viewChanges = []change{
	{
		name:   "change_a_type_under_views",
		before: beside(items(text("name", 20), typed("price", "integer")), cheap, free, totals),
		after:  beside(items(text("name", 20), number("price")), cheap, free, totals),
		rows:   `INSERT INTO items VALUES (1, 'a', 0); REFRESH MATERIALIZED VIEW totals; GRANT SELECT ON free TO PUBLIC`,
		holds:  "SELECT (SELECT price = 0 FROM free) AND (SELECT total = 0 FROM totals)",
	},
	{
		name: "change_a_type_under_a_view_by_hand",
		files: `CREATE TABLE items (id bigint PRIMARY KEY, price integer NOT NULL);
CREATE VIEW cheap AS SELECT id, price FROM items;
ALTER VIEW cheap ALTER COLUMN price SET DEFAULT 7;
COMMENT ON VIEW cheap IS 'what it''s for';
COMMENT ON COLUMN cheap.price IS 'the price';
GRANT SELECT, UPDATE (price) ON cheap TO PUBLIC;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
CREATE TRIGGER refuse INSTEAD OF DELETE ON cheap FOR EACH ROW EXECUTE FUNCTION refuse();
`,
		after: beside(items(number("price")),
			object("cheap", "CREATE VIEW cheap AS SELECT id, price FROM items;\nALTER VIEW cheap ALTER COLUMN price SET DEFAULT 7", "DROP VIEW cheap"),
			object("refuse", `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
CREATE TRIGGER refuse INSTEAD OF DELETE ON cheap FOR EACH ROW EXECUTE FUNCTION refuse();`, "DROP TRIGGER refuse ON cheap; DROP FUNCTION refuse()")),
		rows: "INSERT INTO items VALUES (1, 2)",
		holds: `SELECT obj_description('cheap'::regclass) = 'what it''s for' AND col_description('cheap'::regclass, 2) = 'the price'
			AND has_table_privilege('public', 'cheap', 'SELECT') AND has_column_privilege('public', 'cheap', 'price', 'UPDATE')
			AND (SELECT column_default = '7' FROM information_schema.columns WHERE table_name = 'cheap' AND column_name = 'price')`,
	},
	{
		name:   "change_a_type_that_the_view_no_longer_reads",
		before: beside(items(text("name", 20), text("price", 20)), object("named", "CREATE VIEW named AS SELECT id, name, upper(price) AS price FROM items", "DROP VIEW named")),
		after:  beside(items(text("name", 20), number("price")), object("named", "CREATE VIEW named AS SELECT id, name FROM items", "DROP VIEW named")),
		rows:   "INSERT INTO items VALUES (1, 'a', '2')", holds: "SELECT to_jsonb(named) = '{\"id\": 1, \"name\": \"a\"}' FROM named",
	},
	{
		name:   "change_a_type_and_show_a_new_column",
		before: beside(items(typed("price", "integer")), object("priced", "CREATE VIEW priced AS SELECT id, price FROM items", "DROP VIEW priced")),
		after:  beside(items(number("price"), nullable(text("name", 20))), object("priced", "CREATE VIEW priced AS SELECT id, name, price FROM items", "DROP VIEW priced")),
		rows:   "INSERT INTO items VALUES (1, 2)", holds: "SELECT price = 2 AND name IS NULL FROM priced",
	},
	{
		name:   "show_all_columns_but_the_dropped",
		before: beside(items(text("name", 20), number("price"))),
		after: beside(items(text("name", 20)), object("all_items",
			"CREATE VIEW whole AS SELECT * FROM items;\nCREATE VIEW again AS SELECT * FROM whole", "DROP VIEW again;\nDROP VIEW whole")),
		rows: "INSERT INTO items VALUES (1, 'a', 2)", holds: "SELECT to_jsonb(again) = '{\"id\": 1, \"name\": \"a\"}' FROM again",
	},
	{
		name:   "drop_a_column_that_the_view_no_longer_reads",
		before: beside(items(text("name", 20), number("price")), object("named", "CREATE VIEW named AS SELECT id, name, price FROM items", "DROP VIEW named")),
		after:  beside(items(text("name", 20)), object("named", "CREATE VIEW named AS SELECT id, name FROM items", "DROP VIEW named")),
		rows:   "INSERT INTO items VALUES (1, 'a', 2)", holds: "SELECT to_jsonb(named) = '{\"id\": 1, \"name\": \"a\"}' FROM named",
	},
	{
		name:   "change_a_type_under_a_policy_and_a_trigger",
		before: beside(items(typed("price", "integer")), guardedBy("price > 0"), triggered("price")),
		after:  beside(items(number("price")), guardedBy("price > 0"), triggered("price")),
		rows:   "INSERT INTO items VALUES (1, 2)", holds: "SELECT count(*) = 1 FROM items WHERE price = 2",
	},
	{
		name:   "change_a_view_under_a_view",
		before: beside(items(text("name", 20), number("price")), cheap, free),
		after: beside(items(text("name", 20), number("price")),
			object("cheap", "CREATE VIEW cheap AS SELECT price, id FROM items WHERE price < 10", "DROP VIEW cheap"), free),
		rows: "INSERT INTO items VALUES (1, 'a', 0)", holds: "SELECT price = 0 FROM free",
	},
	{
		name: "change_a_view_with_privileges",
		files: `CREATE TABLE items (id bigint PRIMARY KEY, price bigint NOT NULL);
CREATE VIEW cheap AS SELECT id, price FROM items;
COMMENT ON VIEW cheap IS 'what it''s for';
COMMENT ON COLUMN cheap.price IS 'the price';
GRANT SELECT ON cheap TO PUBLIC;
`,
		after: beside(items(number("price")), object("cheap", "CREATE VIEW cheap AS SELECT id FROM items", "DROP VIEW cheap")),
		rows:  "INSERT INTO items VALUES (1, 2)",
		holds: "SELECT obj_description('cheap'::regclass) = 'what it''s for' AND has_table_privilege('public', 'cheap', 'SELECT')",
	},
	{
		name: "change_a_type_under_a_function",
		files: `CREATE TABLE items (id bigint PRIMARY KEY, price integer NOT NULL);
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(price) FROM items; END;
` + givenTo("total()"),
		after: beside(items(number("price")), object("total", "CREATE FUNCTION total() RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(price) FROM items; END", "DROP FUNCTION total()")),
		rows:  "INSERT INTO items VALUES (1, 2)",
		holds: "SELECT total() = 2 AND " + given("total()"),
	},
	{
		name: "drop_a_column_that_a_function_no_longer_reads",
		files: `CREATE TABLE items (id bigint PRIMARY KEY, price bigint NOT NULL, name character varying(20) NOT NULL);
CREATE FUNCTION total() RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(price) + count(name) FROM items; END;
` + givenTo("total()"),
		after: beside(items(number("price")), object("total", "CREATE OR REPLACE FUNCTION total() RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(price) FROM items; END", "DROP FUNCTION total()")),
		rows:  "INSERT INTO items VALUES (1, 2, 'a')",
		holds: "SELECT total() = 2 AND " + given("total()"),
	},
	{
		name: "change_a_declared_type_that_functions_use",
		files: `CREATE TYPE span AS (lo int, hi int);
COMMENT ON TYPE span IS 'what it''s for';
REVOKE USAGE ON TYPE span FROM PUBLIC;
GRANT USAGE ON TYPE span TO pg_monitor;
CREATE TABLE items (id bigint PRIMARY KEY, price bigint NOT NULL);
CREATE FUNCTION wide(s span[]) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM unnest(s)';
CREATE VIEW wider AS SELECT id, wide(ARRAY[]::span[]) FROM items;
` + givenTo("wide(span[])"),
		after: beside(items(number("price")),
			schemakit.Object{Name: "span", Up: "CREATE TYPE span AS (lo int, mid int, hi int)", Down: "DROP TYPE span", First: true},
			object("wide", "CREATE FUNCTION wide(s span[]) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM unnest(s)'", "DROP FUNCTION wide(span[])"),
			object("wider", "CREATE VIEW wider AS SELECT id, wide(ARRAY[]::span[]) FROM items", "DROP VIEW wider")),
		rows: "INSERT INTO items VALUES (1, 2)",
		holds: "SELECT wide = 0 AND obj_description('span'::regtype, 'pg_type') = 'what it''s for' AND has_type_privilege('pg_monitor', 'span', 'USAGE') AND NOT has_type_privilege('public', 'span', 'USAGE') AND " +
			given("wide(span[])") + " FROM wider",
	},
	{
		name: "change_a_declared_domain_that_a_function_returns",
		files: `CREATE DOMAIN code AS text;
CREATE TABLE items (id bigint PRIMARY KEY, price bigint NOT NULL);
CREATE FUNCTION first_code() RETURNS code LANGUAGE sql SET search_path = public, pg_temp AS 'SELECT ''a''::code';
` + givenTo("first_code()"),
		after: beside(items(number("price")),
			schemakit.Object{Name: "code", Up: "CREATE DOMAIN code AS character varying(5)", Down: "DROP DOMAIN code", First: true},
			object("first_code", "CREATE FUNCTION first_code() RETURNS code LANGUAGE sql SET search_path = public, pg_temp AS 'SELECT ''b''::code'", "DROP FUNCTION first_code()")),
		rows:  "INSERT INTO items VALUES (1, 2)",
		holds: "SELECT first_code() = 'b' AND " + given("first_code()"),
	},
	{
		name:   "declare_in_any_order",
		before: tables(items(text("name", 20), number("price"))),
		after: beside(items(text("name", 20), number("price")), free, cheap,
			object("stamped", "CREATE TRIGGER touched BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch()", "DROP TRIGGER touched ON items"), touch("a")),
		rows: "INSERT INTO items VALUES (1, 'a', 0)", holds: "SELECT price = 0 FROM free",
	},
}

// givenTo and given are privileges and a comment of a function, and whether it has them.
func givenTo(function string) string {
	return "COMMENT ON FUNCTION " + function + " IS 'what it''s for';\nREVOKE EXECUTE ON FUNCTION " + function + " FROM PUBLIC;\nGRANT EXECUTE ON FUNCTION " + function + " TO pg_monitor;\n"
}

func given(function string) string {
	return fmt.Sprintf("obj_description('%[1]s'::regprocedure, 'pg_proc') = 'what it''s for' AND has_function_privilege('pg_monitor', '%[1]s', 'EXECUTE') AND NOT has_function_privilege('public', '%[1]s', 'EXECUTE')", function)
}

func guardedBy(condition string) schemakit.Object {
	return object("visible", "ALTER TABLE items ENABLE ROW LEVEL SECURITY;\nCREATE POLICY visible ON items USING ("+condition+");",
		"DROP POLICY visible ON items;\nALTER TABLE items DISABLE ROW LEVEL SECURITY;")
}

func triggered(column string) schemakit.Object {
	return object("noop", "CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"+
		"CREATE TRIGGER noop BEFORE UPDATE OF "+column+" ON items FOR EACH ROW WHEN (NEW."+column+" > 0) EXECUTE FUNCTION noop();",
		"DROP TRIGGER noop ON items;\nDROP FUNCTION noop();")
}

func TestDiffUnderViews(t *testing.T) {
	t.Parallel()
	s := migratortest.Server(t)
	for _, c := range viewChanges {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, s)
		})
	}
}
