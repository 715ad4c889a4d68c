package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var pg306 = Rule{
	Code: "PG306", Slug: "foreign-key-scan", Manual: alterTable, Timed: true,
	Title: "adding a foreign key scans the table and blocks writes to both",
	check: foreignKeyScan,
}

func foreignKeyScan(s subject) (found []Finding) {
	p, added := s.addedConstraints(catalog.ForeignKey)
	for _, c := range added {
		if !s.checksForeignKey(p, c) {
			continue
		}
		f := Finding{
			Severity: Warning, Table: p.after.Name,
			Title:  fmt.Sprintf("writes to %s and %s are blocked while %s is checked", p.after.Name, c.References, c.Name),
			Reason: "Every row is looked up in the other table under a lock on both. A row that references nothing makes it fail at the end.",
			Advice: addNotValid,
			Fix:    s.safe,
		}
		if !p.adds(c.Columns) {
			f.Precheck = violations(p.after.Name, c)
		}
		if partitioned(p.after) {
			f.Advice = "Add it NOT VALID to each partition and VALIDATE it there, then add it to the partitioned table, which adopts them."
		}
		found = append(found, f)
	}
	return found
}

// checksForeignKey reports whether every row was looked up for a new foreign key.
func (s subject) checksForeignKey(p pair, c catalog.Constraint) bool {
	return c.Valid && (s.scannedWhole(p.after) || s.scanned(c.References))
}
