package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var cm124 = Rule{
	Code: "CM124", Slug: "foreign-key-lock", Manual: alterTable,
	Title: "a new column's foreign key locks the referenced table",
	check: foreignKeyLock,
}

func foreignKeyLock(s subject) (found []Finding) {
	p, added := s.addedConstraints(catalog.ForeignKey)
	for _, c := range added {
		if !c.Valid || s.checksForeignKey(p, c) || !p.adds(c.Columns) {
			continue
		}
		found = append(found, Finding{
			Severity: Note, Table: c.References,
			Title:  fmt.Sprintf("writes to %s are blocked for the instant in which %s is added", c.References, c.Name),
			Reason: "No row is checked, but the lock waits for transactions that write, and later ones queue behind it.",
			Advice: keepApart,
		})
	}
	return found
}

const keepApart = "Keep it apart from statements that take long: in a file of its own."
