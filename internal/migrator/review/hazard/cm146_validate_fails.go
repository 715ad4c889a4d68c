package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

var cm146 = Rule{
	Code: "CM146", Slug: "validate-fails", Manual: alterTable, Rows: true,
	Title: "VALIDATE fails on rows that violate the constraint",
	check: validateFails,
}

func validateFails(s subject) (found []Finding) {
	for p := range s.tables() {
		for _, c := range p.after.Constraints {
			was := slices.IndexFunc(p.before.Constraints, func(o catalog.Constraint) bool { return o.OID == c.OID })
			if was < 0 || p.before.Constraints[was].Valid || !c.Valid {
				continue
			}
			found = append(found, Finding{
				Severity: Note, Evidence: Inferred, Table: p.after.Name,
				Title:    fmt.Sprintf("this fails if a row of %s violates %s", p.after.Name, c.Name),
				Reason:   "Rows that were written before the constraint are checked now. A failure blocks nobody and changes nothing.",
				Advice:   "Look for such rows on production first.",
				Precheck: violations(p.after.Name, c),
			})
		}
	}
	return found
}

// violations is a query for rows that violate a CHECK or a foreign key; empty for other
// constraints.
func violations(table string, c catalog.Constraint) string {
	switch c.Type {
	case catalog.Check:
		rule := strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(c.Definition, " NOT VALID"), " NO INHERIT"), "CHECK ")
		return selectRows(table, "NOT "+rule)
	case catalog.ForeignKey:
		var set, same []string
		for i, column := range c.Columns {
			set = append(set, "child."+sqltoken.Quote(column)+" IS NOT NULL")
			same = append(same, "parent."+sqltoken.Quote(c.RefColumns[i])+" = child."+sqltoken.Quote(column))
		}
		return fmt.Sprintf("SELECT child.* FROM %s child WHERE %s AND NOT EXISTS (SELECT FROM %s parent WHERE %s) LIMIT 10",
			sqltoken.Quote(table), strings.Join(set, " AND "), sqltoken.QuoteTable(c.References), strings.Join(same, " AND "))
	}
	return ""
}
