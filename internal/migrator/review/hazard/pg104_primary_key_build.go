package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var pg104 = Rule{
	Code: "PG104", Slug: "primary-key-build", Manual: alterTable, Timed: true,
	Title: "adding a primary key builds its index and blocks reads and writes",
	check: primaryKeyBuild,
}

func primaryKeyBuild(s subject) (found []Finding) {
	p, added := s.addedConstraints(catalog.PrimaryKey)
	for _, c := range added {
		if !p.builds(c) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while the index of its primary key is built", p.after.Name),
			Reason: "The index is built from the whole table under the strongest lock. A duplicate makes it fail at the end.",
			Advice: "Build a unique index CONCURRENTLY, then add the primary key USING INDEX, which is instant.",
			Fix:    s.safe,
		})
	}
	return found
}
