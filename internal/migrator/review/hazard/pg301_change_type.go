package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var pg301 = Rule{
	Code: "PG301", Slug: "change-type", Manual: alterTable, Timed: true,
	Title: "a change of type rewrites the table",
	check: changeType,
}

func changeType(s subject) (found []Finding) {
	for _, c := range s.retyped() {
		if !s.rewritten(c.table.after.Name) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: c.table.after.Name,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while %s is converted to %s in every row", c.table.after.Name, c.is.Name, c.is.Type),
			Reason: "The table and all its indexes are rewritten under the strongest lock, which needs their size on disk once more.",
			Advice: "Add a new column, write to both, backfill it in batches, switch the code to it, and drop the old column in a later release.",
		})
	}
	return found
}

// retype is a column of which the type or the collation changes.
type retype struct {
	table   pair
	was, is catalog.Column
}

func (s subject) retyped() (found []retype) {
	for p := range s.tables() {
		for was, is := range p.altered() {
			if (was.Type != is.Type || was.Collation != is.Collation) && !is.Generated {
				found = append(found, retype{p, was, is})
			}
		}
	}
	return found
}
