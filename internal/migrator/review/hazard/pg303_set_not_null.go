package hazard

import (
	"fmt"
	"iter"
	"slices"

	"commitment/internal/migration/catalog"
)

var pg303 = Rule{
	Code: "PG303", Slug: "set-not-null", Manual: alterTable, Timed: true,
	Title: "SET NOT NULL scans the table and blocks reads and writes",
	check: setNotNull,
}

func setNotNull(s subject) (found []Finding) {
	for table, c := range s.required() {
		found = append(found, Finding{
			Severity: Error, Table: table,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while every row is checked for a NULL in %s", table, c.Name),
			Reason: "The whole table is read under the strongest lock.",
			Advice: requireInSteps,
			Fix:    s.safe,
		})
	}
	return found
}

const requireInSteps = "Add CHECK (… IS NOT NULL) NOT VALID, VALIDATE it in a later file, then SET NOT NULL and drop the check."

// required are the columns that become NOT NULL by a scan. A valid CHECK of the same
// saves the scan, and a primary key is another rule's.
func (s subject) required() iter.Seq2[string, catalog.Column] {
	return func(yield func(string, catalog.Column) bool) {
		for p := range s.tables() {
			for was, is := range p.altered() {
				required := !was.NotNull && is.NotNull && s.scanned(p.after.Name) && !p.keys(is.Name)
				if required && !yield(p.after.Name, is) {
					return
				}
			}
		}
	}
}

// keys reports whether the statement made the column part of the primary key.
func (p pair) keys(column string) bool {
	return slices.ContainsFunc(p.constraints(), func(c catalog.Constraint) bool {
		return c.Type == catalog.PrimaryKey && slices.Contains(c.Columns, column)
	})
}
