package hazard

import "fmt"

var cm104 = Rule{
	Code: "CM104", Slug: "rebuild-index", Manual: manual + "sql-reindex.html", Timed: true,
	Title: "REINDEX blocks writes",
	check: rebuildIndex,
}

func rebuildIndex(s subject) (found []Finding) {
	if !s.stmt.begins("REINDEX") || s.stmt.has("CONCURRENTLY") {
		return nil
	}
	for _, l := range s.blocking(s.Locks) {
		found = append(found, Finding{
			Severity: Warning, Table: l.Relation,
			Title:  fmt.Sprintf("writes to %s, and reads that use the index, are blocked while it is rebuilt", l.Relation),
			Reason: "REINDEX reads the whole table. Queries whose plan considers the index wait, as writes do.",
			Advice: "Rebuild it CONCURRENTLY, in a file of its own without a transaction.",
			Fix:    s.safe,
		})
	}
	return found
}
