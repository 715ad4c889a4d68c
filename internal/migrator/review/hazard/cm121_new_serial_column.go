package hazard

import "fmt"

var cm121 = Rule{
	Code: "CM121", Slug: "new-serial-column", Manual: alterTable, Timed: true,
	Title: "a new serial or identity column rewrites the table",
	check: newSerialColumn,
}

func newSerialColumn(s subject) (found []Finding) {
	for table, c := range s.filled() {
		if !numbered(c) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: table,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while every row gets its %s", table, c.Name),
			Reason: "Every row gets a number, so the table and its indexes are rewritten under the strongest lock.",
			Advice: fillLater,
			Fix:    s.safe,
		})
	}
	return found
}
