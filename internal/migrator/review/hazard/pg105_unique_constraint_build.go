package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var pg105 = Rule{
	Code: "PG105", Slug: "unique-constraint-build", Manual: alterTable, Timed: true,
	Title: "adding a unique constraint builds its index and blocks reads and writes",
	check: uniqueConstraintBuild,
}

func uniqueConstraintBuild(s subject) (found []Finding) {
	p, added := s.addedConstraints(catalog.Unique)
	for _, c := range added {
		if !p.builds(c) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while the index of %s is built", p.after.Name, c.Name),
			Reason: "The index is built from the whole table under the strongest lock.",
			Advice: "Build a unique index CONCURRENTLY, then add the constraint USING INDEX, which is instant.",
			Fix:    s.safe,
		})
	}
	return found
}
