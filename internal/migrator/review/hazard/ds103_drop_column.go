package hazard

import (
	"fmt"
	"strings"

	"commitment/internal/sqltoken"
)

var ds103 = Rule{
	Code: "DS103", Slug: "drop-column", Manual: alterTable,
	Title: "a column is dropped",
	check: func(s subject) []Finding { return append(dropColumn(s), dropAttribute(s)...) },
}

func dropColumn(s subject) (found []Finding) {
	for p := range s.tables() {
		for _, c := range p.before.Columns {
			if _, stays := columnAt(p.after, c.Position); stays {
				continue
			}
			found = append(found, Finding{
				Severity: Error, Table: p.before.Name,
				Title:  fmt.Sprintf("the values of %s in %s are lost", c.Name, p.before.Name),
				Reason: "Code that still reads or writes the column breaks at once, and only a backup has the values.",
				Advice: "Deploy code that doesn't use the column, and drop it in a later release.",
			})
		}
	}
	return found
}

// dropAttribute finds what rows lose with an attribute of a composite type. Columns of a
// table of the type are dropped with it.
func dropAttribute(s subject) (found []Finding) {
	if !s.stmt.begins("ALTER", "TYPE") {
		return nil
	}
	name, behind := s.stmt.name(2)
	for p := range s.tables() {
		for _, c := range p.before.Columns {
			if kind := strings.TrimSuffix(c.Type, "[]"); kind != name && kind != sqltoken.Quote(name) {
				continue
			}
			for _, action := range s.stmt.split(behind) {
				if !action.begins("DROP", "ATTRIBUTE") {
					continue
				}
				attribute, _ := action.name(action.skip(2, "IF", "EXISTS"))
				found = append(found, Finding{
					Severity: Error, Evidence: Inferred, Table: p.before.Name,
					Title:  fmt.Sprintf("the values of %s in column %s of %s are lost", attribute, c.Name, p.before.Name),
					Reason: "Code that still reads or writes the attribute breaks at once, and only a backup has the values.",
					Advice: "Deploy code that doesn't use the attribute, and drop it in a later release.",
				})
			}
		}
	}
	return found
}
