package hazard

import (
	"fmt"
	"strings"

	"commitment/internal/migration/catalog"
)

var cm223 = Rule{
	Code: "CM223", Slug: "view-around-policies", Manual: manual + "sql-createview.html",
	Title: "a view reads tables of tenants as its owner",
	check: viewAroundPolicies,
}

func viewAroundPolicies(s subject) (found []Finding) {
	for _, o := range s.mayExpose(catalog.KindView, catalog.KindMaterializedView) {
		t, ok := s.readsTenants(viewQuery(o))
		head, _, _ := strings.Cut(o.Definition, " AS\n")
		if !ok || strings.Contains(head, "security_invoker=true") || strings.Contains(head, "security_invoker=on") {
			continue
		}
		f := Finding{
			Severity: byOwner(t),
			Title:    fmt.Sprintf("view %s shows the rows of %s that its owner sees", o.Name, t.Name),
			Reason:   "A view reads with its owner's privileges: " + unheld(t),
			Advice:   "Add WITH (security_invoker = true), which PostgreSQL has from version 15 on. Before that, filter by the tenant's setting in the view itself.",
		}
		if o.Kind == catalog.KindMaterializedView {
			f.Title = fmt.Sprintf("materialized view %s keeps rows of %s and can have no policies", o.Name, t.Name)
			f.Reason = "Whoever may read it sees what its owner saw when it was refreshed. Under FORCE ROW LEVEL SECURITY that is the rows of one tenant, or none, unless the owner bypasses the policies."
			f.Advice = "REVOKE it from the service's role, and give that a view with security_barrier over it that filters by the tenant's setting."
		}
		found = append(found, f)
	}
	return found
}

// byOwner is how bad it is that something reads a table as the table's owner may.
func byOwner(t catalog.Table) Severity {
	if forced(t) {
		return Warning
	}
	return Error
}

// unheld says when an owner sees the rows of every tenant.
func unheld(t catalog.Table) string {
	if forced(t) {
		return "if that is a superuser or has BYPASSRLS, those of every tenant."
	}
	return fmt.Sprintf("%s doesn't FORCE ROW LEVEL SECURITY, so its owner sees those of every tenant.", t.Name)
}
