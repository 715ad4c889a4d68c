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
	for _, p := range s.remade() {
		added := p.constraints()
		if becomesTenants(p) {
			added = p.after.Constraints
		}
		for _, c := range added {
			found = append(found, s.leadsAcross(p.after, c)...)
		}
		if !becomesTenants(p) {
			continue
		}
		for _, other := range s.After.Tables {
			for _, c := range other.Constraints {
				if c.References == p.after.Name && other.OID != p.after.OID {
					found = append(found, s.leadsAcross(other, c)...)
				}
			}
		}
	}
	return found
}

// leadsAcross finds a constraint that is a foreign key between tables of tenants, leaves
// the tenant out, and is there at the end of the file.
func (s subject) leadsAcross(t catalog.Table, c catalog.Constraint) []Finding {
	other, _ := s.After.Table(c.References)
	own, theirs := tenantColumn(t), tenantColumn(other)
	final, _ := s.final().TableOf(t)
	stays := slices.ContainsFunc(final.Constraints, func(o catalog.Constraint) bool { return o.OID == c.OID })
	if c.Type != catalog.ForeignKey || own == "" || theirs == "" || !stays || slices.Contains(c.Columns, own) && slices.Contains(c.RefColumns, theirs) {
		return nil
	}
	return []Finding{{
		Severity: Warning, Table: t.Name,
		Title:  fmt.Sprintf("%s lets a row of %s lead to another tenant's row of %s", c.Name, t.Name, c.References),
		Reason: "PostgreSQL checks a foreign key without the policies: a tenant can find out which rows others have, and refer to them.",
		Advice: fmt.Sprintf("Include the tenant: FOREIGN KEY (%s, …) REFERENCES %s (%s, …), which needs a unique index on these columns.", own, c.References, theirs),
	}}
}
