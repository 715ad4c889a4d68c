package plan_test

import (
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"commitment/internal/migrator/migratortest"
	"commitment/internal/schemakit"
)

// tenantTables are tables of tenants: a page is in a book.
func tenantTables(columns ...*schema.Column) []*schema.Table {
	books := withTenant(table("books", columns...))
	return []*schema.Table{books, withTenant(withEdge(table("pages"), books, "book_id"))}
}

// withTenant is a table with what [schemakit.Tenant] adds.
func withTenant(t *schema.Table) *schema.Table {
	t.Columns = append(t.Columns, &schema.Column{Name: schemakit.TenantColumn, Type: field.TypeUUID})
	for _, fk := range t.ForeignKeys {
		fk.OnDelete = schema.NoAction
	}
	return withIndex(t, &schema.Index{Name: t.Name + "_tenant_id_id", Unique: true}, schemakit.TenantColumn, "id")
}

// ofTenants declares tables whose rows belong to tenants.
func ofTenants(tables ...*schema.Table) declaration {
	d := declaration{tables: tables}
	for _, t := range tables {
		d.tenants = append(d.tenants, t.Name)
		for _, a := range (schemakit.Tenant{}).Annotations() {
			declared, _ := a.(schemakit.Objects)
			for _, o := range declared.Objects {
				o.Name = strings.ReplaceAll(o.Name, "{{table}}", t.Name)
				o.Up = strings.ReplaceAll(o.Up, "{{table}}", t.Name)
				o.Down = strings.ReplaceAll(o.Down, "{{table}}", t.Name)
				if !slices.Contains(d.objects, o) {
					d.objects = append(d.objects, o)
				}
			}
		}
	}
	return d
}

// booksOfNobody are the tables before they belong to tenants.
func booksOfNobody(columns ...*schema.Column) declaration {
	books := table("books", columns...)
	d := tables(books, withEdge(table("pages"), books, "book_id"))
	d.objects = schemakit.Roles()
	return d
}

const (
	tenant     = "'018f0000-0000-7000-8000-000000000001'"
	ofOne      = "INSERT INTO books (id, tenant_id) VALUES (1, " + tenant + "); INSERT INTO pages (id, book_id, tenant_id) VALUES (1, 1, " + tenant + ")"
	isEnforced = "SELECT count(*) = 2 AND (SELECT count(*) = 4 FROM pg_policy) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
)

var policyChanges = []change{
	{
		name: "tenants_first", owner: true, before: tables(), after: ofTenants(tenantTables()...),
		rows: "SELECT 1", holds: isEnforced,
	},
	{
		name: "tenants_of_what_is_there", owner: true, before: booksOfNobody(unique(text("name", 20))), after: func() declaration {
			all := tenantTables(text("name", 20))
			withIndex(all[0], &schema.Index{Name: "books_tenant_id_name", Unique: true}, schemakit.TenantColumn, "name")
			return ofTenants(all...)
		}(),
		rows:  "INSERT INTO books VALUES (1, 'a'); INSERT INTO pages VALUES (1, 1)",
		fails: "23514", fill: "UPDATE books SET tenant_id = " + tenant + "; UPDATE pages SET tenant_id = " + tenant, holds: isEnforced,
	},
	{
		name: "tenants_require_another_column", owner: true, before: ofTenants(tenantTables()...), after: ofTenants(tenantTables(text("title", 20))...),
		rows:  ofOne,
		fails: "23514", fill: "ALTER TABLE books NO FORCE ROW LEVEL SECURITY; UPDATE books SET title = 'a'; ALTER TABLE books FORCE ROW LEVEL SECURITY", holds: isEnforced,
	},
	{
		name: "tenants_get_another_edge", owner: true, before: ofTenants(tenantTables()...), after: func() declaration {
			all := tenantTables()
			withEdge(all[1], all[0], "draft_id").ForeignKeys[1].OnDelete = schema.NoAction
			return ofTenants(all...)
		}(),
		rows: ofOne, holds: isEnforced,
	},
	{
		name: "tenants_no_more", owner: true, before: ofTenants(tenantTables()...), after: booksOfNobody(),
		rows: ofOne, holds: "SELECT to_jsonb(books) = '{\"id\": 1}' AND NOT relrowsecurity FROM books, pg_class c WHERE c.oid = 'books'::regclass",
	},
}

// TestDiffOfPolicies applies the plans as a role that owns the tables and isn't above their
// policies.
func TestDiffOfPolicies(t *testing.T) {
	t.Parallel()
	s := migratortest.Server(t)
	for _, c := range policyChanges {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, s)
		})
	}
}
