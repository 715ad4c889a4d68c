package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var cm142 = Rule{
	Code: "CM142", Slug: "exclude-build", Manual: alterTable, Timed: true,
	Title: "adding an EXCLUDE constraint builds its index and blocks reads and writes",
	check: excludeBuild,
}

func excludeBuild(s subject) (found []Finding) {
	p, added := s.addedConstraints(catalog.Exclusion)
	for _, c := range added {
		found = append(found, Finding{
			Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while the index of %s is built", p.after.Name, c.Name),
			Reason: "The index is built from the whole table under the strongest lock, and PostgreSQL has no other way.",
			Advice: "Run it while nobody uses the table, or on a new table into which the rows are copied.",
		})
	}
	return found
}
