package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
)

var cm162 = Rule{
	Code: "CM162", Slug: "new-reference", Manual: locking,
	Title: "a new table's foreign key locks the referenced table",
	check: newReference,
}

func newReference(s subject) (found []Finding) {
	var seen []string
	for _, t := range s.created() {
		for _, c := range t.Constraints {
			l, locked := s.lock(c.References)
			if c.Type != catalog.ForeignKey || !s.nameInUse(c.References) || !locked || !l.BlocksWrites() || slices.Contains(seen, c.References) {
				continue
			}
			seen = append(seen, c.References)
			found = append(found, Finding{
				Severity: Note, Table: c.References,
				Title:  fmt.Sprintf("writes to %s are blocked for the instant in which %s is created", c.References, t.Name),
				Reason: fmt.Sprintf("The foreign key of %s adds a trigger to it, whose lock waits for transactions that write.", t.Name),
				Advice: keepApart,
			})
		}
	}
	return found
}
