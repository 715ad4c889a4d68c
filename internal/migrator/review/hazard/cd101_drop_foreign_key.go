package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var cd101 = Rule{
	Code: "CD101", Slug: "drop-foreign-key", Manual: alterTable,
	Title: "a foreign key is dropped",
	check: dropForeignKey,
}

func dropForeignKey(s subject) (found []Finding) {
	for p := range s.tables() {
		for _, c := range newConstraints(p.after, p.before) {
			if c.Type != catalog.ForeignKey {
				continue
			}
			found = append(found, Finding{
				Severity: Warning, Table: p.before.Name,
				Title:  fmt.Sprintf("rows of %s may reference rows that %s no longer has", p.before.Name, c.References),
				Reason: fmt.Sprintf("Dropping %s is instant, but waits for every transaction on both tables, and later ones queue behind it.", c.Name),
				Advice: "Drop it in a file of its own, once no code relies on it.",
			})
		}
	}
	return found
}
