package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
)

var cm225 = Rule{
	Code: "CM225", Slug: "unique-across-tenants", Manual: rowSecurityManual,
	Title: "a value is unique among all tenants",
	check: uniqueAcrossTenants,
}

// uniqueAcrossTenants leaves out primary keys: nobody learns anything from another's id.
func uniqueAcrossTenants(s subject) (found []Finding) {
	for _, p := range s.remade() {
		column := tenantColumn(p.after)
		final, _ := s.final().TableOf(p.after)
		key, _ := final.PrimaryKey()
		for _, i := range tenantIndexes(p) {
			stays := slices.ContainsFunc(final.Indexes, func(o catalog.Index) bool { return o.Name == i.Name })
			if !stays || !i.Unique || i.Name == key.Name || slices.Contains(i.Columns, column) {
				continue
			}
			found = append(found, Finding{
				Severity: Warning, Table: p.after.Name,
				Title:  fmt.Sprintf("%s is unique among all tenants of %s", i.Name, p.after.Name),
				Reason: "A conflict tells one tenant what another one has, and takes the value from all others. Policies don't hide rows from it.",
				Advice: fmt.Sprintf("Begin it with %s; in Ent, index.Fields(%q, …).Unique().", column, column),
			})
		}
	}
	return found
}
