package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/trace"
)

const rowSecurityManual = manual + "ddl-rowsecurity.html"

var cm221 = Rule{
	Code: "CM221", Slug: "unprotected-tenant-table", Manual: rowSecurityManual,
	Title: "no policy keeps the rows of tenants apart",
	check: unprotectedTenants,
}

// unprotectedTenants looks for the policies at the end of the file; [Open] does at the
// end of the files that follow.
func unprotectedTenants(s subject) []Finding { return unprotected(s.Statement, s.final()) }

// unprotected are the tables that a statement creates, or no longer holds its owner to,
// and the schema doesn't protect as it does others.
func unprotected(s trace.Statement, schema catalog.Schema) (found []Finding) {
	for _, after := range s.After.Tables {
		before, was := s.Before.TableOf(after)
		released := was && forced(before) && !forced(after) && tenantColumn(before) != ""
		if partition(after) || was && !released {
			continue
		}
		final, stays := schema.TableOf(after)
		why := ofTenants(final, schema)
		if !stays || why == "" {
			continue
		}
		f := Finding{
			Severity: Error, Table: after.Name,
			Title:  fmt.Sprintf("the rows of %s are visible to every tenant", after.Name),
			Reason: fmt.Sprintf("%s, but row-level security isn't enabled.", why),
			Advice: "Declare schemakit.Tenant in the schema's Mixin; in SQL, add the tenant's column, a policy on it, and ENABLE and FORCE ROW LEVEL SECURITY.",
		}
		switch {
		case secured(final) && len(policies(final)) == 0:
			f.Severity = Warning
			f.Title = fmt.Sprintf("nobody but its owner sees a row of %s", after.Name)
			f.Reason = "Row-level security is enabled, and there is no policy."
			f.Advice = "Create the policies of the other tables of tenants on it."
		case secured(final) && !forced(final):
			f.Severity = Warning
			f.Title = fmt.Sprintf("the owner of %s isn't held to its policies", after.Name)
			f.Reason = "Whatever runs as the owner, a view or a SECURITY DEFINER function of the owner's included, sees the rows of every tenant."
			f.Advice = fmt.Sprintf("ALTER TABLE %s FORCE ROW LEVEL SECURITY.", after.Name)
		case secured(final):
			continue
		}
		found = append(found, f)
	}
	return found
}

// ofTenants says why the rows of a table seem to belong to tenants, or "". In a schema
// in which no policy tells tenants apart, none do.
func ofTenants(t catalog.Table, schema catalog.Schema) string {
	for _, other := range schema.Tables {
		column := tenantColumn(other)
		if column == "" {
			continue
		}
		if _, ok := t.Column(column); ok {
			return fmt.Sprintf("It has the column %s, by which policies of other tables tell tenants apart", column)
		}
		if slices.ContainsFunc(t.Constraints, func(c catalog.Constraint) bool { return c.References == other.Name }) {
			return fmt.Sprintf("It references %s, whose rows belong to tenants", other.Name)
		}
	}
	return ""
}
