package plan_test

import (
	"testing"

	"entgo.io/ent/dialect/sql/schema"

	"commitment/internal/migrator/migratortest"
)

// sold are items of tenants, and lines that refer to them.
func sold() declaration {
	to := withIndex(items(typed("tenant_id", "uuid")), &schema.Index{Name: "items_tenant_id_id", Unique: true}, "tenant_id", "id")
	lines := withEdge(table("lines", typed("tenant_id", "uuid")), to, "item_id")
	lines.ForeignKeys[0].OnDelete = schema.NoAction
	return declaration{tables: []*schema.Table{to, lines}, tenants: []string{"items", "lines"}}
}

const foreignKeyIncludesTenant = `SELECT pg_get_constraintdef(oid) = 'FOREIGN KEY (tenant_id, item_id) REFERENCES items(tenant_id, id)'
	AND convalidated FROM pg_constraint WHERE conrelid = 'lines'::regclass AND contype = 'f'`

// byTenant are changes of tables whose rows belong to a tenant each. A foreign key between
// them includes the tenant, and what it references is there first.
var byTenant = []change{
	{
		name: "begin_with_tenants", before: tables(), after: sold(),
		rows: "SELECT 1", holds: foreignKeyIncludesTenant,
	},
	{
		name: "keep_tenants_apart",
		files: `CREATE TABLE items (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE lines (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, item_id bigint CONSTRAINT lines_items_item_id REFERENCES items (id));`,
		after: sold(),
		rows: `INSERT INTO items VALUES (1, '00000000-0000-0000-0000-000000000001');
INSERT INTO lines VALUES (1, '00000000-0000-0000-0000-000000000001', 1)`, holds: foreignKeyIncludesTenant,
	},
	{
		name: "give_rows_a_tenant",
		files: `CREATE TABLE items (id bigint PRIMARY KEY);
CREATE TABLE lines (id bigint PRIMARY KEY, item_id bigint CONSTRAINT lines_items_item_id REFERENCES items (id));`,
		after: sold(),
		rows:  `INSERT INTO items VALUES (1); INSERT INTO lines VALUES (1, 1)`, holds: foreignKeyIncludesTenant,
		fails: "23514", fill: `UPDATE items SET tenant_id = '00000000-0000-0000-0000-000000000001'; UPDATE lines SET tenant_id = '00000000-0000-0000-0000-000000000001'`,
	},
	{
		name: "refer_to_what_is_no_tenants", before: tables(items()),
		after: func() declaration {
			to := items()
			return declaration{tables: []*schema.Table{to, withEdge(table("lines", typed("tenant_id", "uuid")), to, "item_id")}, tenants: []string{"lines"}}
		}(),
		rows: oneItem, holds: "SELECT pg_get_constraintdef(oid) LIKE 'FOREIGN KEY (item_id) REFERENCES items(id)%' FROM pg_constraint WHERE conrelid = 'lines'::regclass AND contype = 'f'",
	},
}

func TestDiffOfTenants(t *testing.T) {
	t.Parallel()
	s := migratortest.Server(t)
	for _, c := range byTenant {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, s)
		})
	}
}
