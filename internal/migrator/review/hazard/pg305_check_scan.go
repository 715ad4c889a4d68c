package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
)

var pg305 = Rule{
	Code: "PG305", Slug: "check-scan", Manual: alterTable, Timed: true,
	Title: "adding a CHECK scans the table and blocks reads and writes",
	check: checkScan,
}

func checkScan(s subject) (found []Finding) {
	p, added := s.scanningChecks()
	for _, c := range added {
		if !p.adds(c.Columns) {
			f := s.scansFor(c, p.after.Name)
			f.Precheck = violations(p.after.Name, c)
			found = append(found, f)
		}
	}
	return found
}

const addNotValid = "Add it NOT VALID, which is instant, and VALIDATE it in a later file."

// scanningChecks are the valid CHECKs that the statement adds, at the cost of a scan.
func (s subject) scanningChecks() (pair, []catalog.Constraint) {
	p, added := s.addedConstraints(catalog.Check)
	return p, slices.DeleteFunc(added, func(c catalog.Constraint) bool { return !c.Valid || !s.scannedWhole(p.after) })
}

func (s subject) scansFor(c catalog.Constraint, table string) Finding {
	return Finding{
		Severity: Error, Table: table,
		Title:  fmt.Sprintf("reads and writes of %s are blocked while every row is checked against %s", table, c.Name),
		Reason: "The whole table is read under the strongest lock, and one violating row makes it fail.",
		Advice: addNotValid,
		Fix:    s.safe,
	}
}

// addedConstraints are those of a type that an ALTER TABLE adds to the table that it
// names, if that is in use. Partitions, which get the same, are left out.
func (s subject) addedConstraints(contype string) (p pair, added []catalog.Constraint) {
	name, _ := s.stmt.table()
	for p := range s.tables() {
		if p.before.Name == name {
			return p, slices.DeleteFunc(p.constraints(), func(c catalog.Constraint) bool { return c.Type != contype })
		}
	}
	return pair{}, nil
}
