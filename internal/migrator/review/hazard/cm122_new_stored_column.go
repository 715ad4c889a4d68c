package hazard

import "fmt"

var cm122 = Rule{
	Code: "CM122", Slug: "new-stored-column", Manual: manual + "ddl-generated-columns.html", Timed: true,
	Title: "a new stored generated column rewrites the table",
	check: newStoredColumn,
}

func newStoredColumn(s subject) (found []Finding) {
	for table, c := range s.filled() {
		if !stored(c) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: table,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while every row gets its %s", table, c.Name),
			Reason: "The value is stored in every row, so the table and its indexes are rewritten under the strongest lock.",
			Advice: "Add an ordinary column, fill it by a trigger, and backfill existing rows in batches of a few thousand. From PostgreSQL 18 on, a VIRTUAL column needs no rewrite.",
		})
	}
	return found
}
