package hazard

import (
	"fmt"
	"slices"
)

var cm163 = Rule{
	Code: "CM163", Slug: "rewrite-table", Manual: manual + "sql-cluster.html", Timed: true,
	Title: "a table is rewritten and blocks reads and writes",
	check: rewriteTable,
}

// rewriteTable finds a table with new storage for no other reason than to have it.
func rewriteTable(s subject) (found []Finding) {
	if s.stmt.begins("TRUNCATE") {
		return nil
	}
	for p := range s.tables() {
		if !s.rewritten(p.after.Name) || slices.ContainsFunc(p.added(), filledPerRow) || retyped(p.before, p.after) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while it is rewritten", p.after.Name),
			Reason: "The table and its indexes are copied under the strongest lock, which needs their size on disk once more.",
			Advice: "Run it while nobody uses the table, or use pg_repack, which copies it online.",
		})
	}
	return found
}
