package plan_test

import (
	"testing"

	"commitment/internal/migrator/migratortest"
	"commitment/internal/schemakit"

	"entgo.io/ent/dialect/sql/schema"
)

// states is an enum of these labels, as SQL.
func states(labels string) schemakit.Object {
	return schemakit.Object{Name: "states", Up: "CREATE TYPE states AS ENUM (" + labels + ")", Down: "DROP TYPE states", First: true}
}

func visibleTo(roles string) schemakit.Object {
	return object("visible", "ALTER TABLE items ENABLE ROW LEVEL SECURITY;\nCREATE POLICY visible ON items TO "+roles+" USING (price > 0);",
		"DROP POLICY visible ON items;\nALTER TABLE items DISABLE ROW LEVEL SECURITY;")
}

var valueChanges = []change{
	{
		name:   "add_values_to_an_enum",
		before: beside(items(typed("state", "states")), states("'new', 'done'")),
		after:  beside(items(withDefault(typed("state", "states"), schema.Expr("'it''s begun'"))), states("'draft', 'new', 'it''s begun', 'done', 'gone'")),
		rows:   "INSERT INTO items VALUES (1, 'new')",
		holds:  "SELECT array_to_string(enum_range(NULL::states), ',') = 'draft,new,it''s begun,done,gone' AND state = 'new' FROM items",
	},
	{
		name:   "add_a_value_that_a_view_uses",
		before: beside(items(typed("state", "states")), states("'new'")),
		after: beside(items(typed("state", "states")), states("'new', 'done'"),
			object("finished", "CREATE VIEW finished AS SELECT id FROM items WHERE state = 'done'", "DROP VIEW finished")),
		rows: "INSERT INTO items VALUES (1, 'new')", holds: "SELECT count(*) = 0 FROM finished",
	},
	{
		name:   "add_a_generated_column",
		before: tables(items(number("price"))),
		after:  beside(items(number("price")), object("doubled", "ALTER TABLE items ADD COLUMN doubled bigint GENERATED ALWAYS AS (price * 2) STORED", "ALTER TABLE items DROP COLUMN doubled")),
		rows:   "INSERT INTO items VALUES (1, 2)", holds: "SELECT doubled = 4 FROM items",
	},
	{
		name:   "change_a_generated_column",
		before: beside(items(number("price")), object("doubled", "ALTER TABLE items ADD COLUMN doubled bigint GENERATED ALWAYS AS (price * 2) STORED", "ALTER TABLE items DROP COLUMN doubled")),
		after:  beside(items(number("price")), object("doubled", "ALTER TABLE items ADD COLUMN doubled bigint GENERATED ALWAYS AS (price * 3) STORED", "ALTER TABLE items DROP COLUMN doubled")),
		rows:   "INSERT INTO items VALUES (1, 2)", holds: "SELECT doubled = 6 FROM items",
	},
	{
		name:   "drop_a_generated_column",
		before: beside(items(number("price")), object("doubled", "ALTER TABLE items ADD COLUMN doubled bigint GENERATED ALWAYS AS (price * 2) STORED", "ALTER TABLE items DROP COLUMN doubled")),
		after:  tables(items(number("price"))),
		rows:   "INSERT INTO items VALUES (1, 2)", holds: "SELECT to_jsonb(items) = '{\"id\": 1, \"price\": 2}' FROM items",
	},
	{
		name:   "change_the_type_under_a_generated_column",
		before: beside(items(typed("price", "integer")), object("doubled", "ALTER TABLE items ADD COLUMN doubled bigint GENERATED ALWAYS AS (price * 2) STORED", "ALTER TABLE items DROP COLUMN doubled")),
		after:  beside(items(number("price")), object("doubled", "ALTER TABLE items ADD COLUMN doubled bigint GENERATED ALWAYS AS (price * 2) STORED", "ALTER TABLE items DROP COLUMN doubled")),
		rows:   "INSERT INTO items VALUES (1, 2)", holds: "SELECT doubled = 4 FROM items",
	},
	{
		name:   "add_a_policy_for_a_role",
		before: tables(items(number("price"))),
		after:  beside(items(number("price")), visibleTo("plan_reader"), schemakit.Role("plan_reader"), object("reading", "GRANT SELECT ON items TO plan_reader", "REVOKE SELECT ON items FROM plan_reader")),
		rows:   "INSERT INTO items VALUES (1, 2)", holds: "SELECT has_table_privilege('plan_reader', 'items', 'SELECT')",
	},
	{
		name:   "change_the_roles_of_a_policy",
		before: beside(items(number("price")), schemakit.Role("plan_reader"), visibleTo("plan_reader")),
		after:  beside(items(number("price")), visibleTo("plan_reader, plan_writer"), schemakit.Role("plan_reader"), schemakit.Role("plan_writer")),
		rows:   "INSERT INTO items VALUES (1, 2)", holds: "SELECT array_length(polroles, 1) = 2 FROM pg_policy",
	},
	{
		name: "shrink_a_text", before: tables(items(text("name", 50))), after: tables(items(text("name", 20))),
		rows: "INSERT INTO items VALUES (1, 'a')", holds: "SELECT name = 'a' FROM items",
	},
}

func TestDiffOfValues(t *testing.T) {
	t.Parallel()
	s := migratortest.Server(t)
	for _, c := range valueChanges {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, s)
		})
	}
}
