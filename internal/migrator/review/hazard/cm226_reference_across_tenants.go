package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
)

var cm226 = Rule{
	Code: "CM226", Slug: "reference-across-tenants", Manual: rowSecurityManual,
	Title: "a foreign key can lead to another tenant's row",
	check: referenceAcrossTenants,
}

func referenceAcrossTenants(s subject) (found []Finding) {
	after := s.allTables()
	for _, p := range after {
		own := tenantColumn(p.after)
		final, _ := byOID(s.final(), p.after.OID)
		for _, c := range p.after.Constraints {
			other, _ := s.After.Table(c.References)
			theirs := tenantColumn(other)
			if c.Type != catalog.ForeignKey || own == "" || theirs == "" || slices.Contains(c.Columns, own) && slices.Contains(c.RefColumns, theirs) {
				continue
			}
			isIt := func(n catalog.Constraint) bool { return n.OID == c.OID }
			joins := func(q pair) bool {
				return (q.after.OID == other.OID || q.after.OID == p.after.OID) && becomesTenants(q)
			}
			if !slices.ContainsFunc(final.Constraints, isIt) || !slices.ContainsFunc(p.constraints(), isIt) && !slices.ContainsFunc(after, joins) {
				continue
			}
			found = append(found, Finding{
				Severity: Warning, Table: p.after.Name,
				Title:  fmt.Sprintf("%s lets a row of %s lead to another tenant's row of %s", c.Name, p.after.Name, c.References),
				Reason: "PostgreSQL checks a foreign key without the policies: a tenant can find out which rows others have, and refer to them.",
				Advice: fmt.Sprintf("Include the tenant: FOREIGN KEY (%s, …) REFERENCES %s (%s, …), which needs a unique index on these columns.", own, c.References, theirs),
			})
		}
	}
	return found
}
