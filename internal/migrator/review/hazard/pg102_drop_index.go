package hazard

import "fmt"

var pg102 = Rule{
	Code: "PG102", Slug: "drop-index", Manual: manual + "sql-dropindex.html",
	Title: "DROP INDEX blocks reads and writes",
	check: dropIndex,
}

func dropIndex(s subject) (found []Finding) {
	if !s.stmt.begins("DROP", "INDEX") {
		return nil
	}
	for p := range s.tables() {
		if l, locked := s.lock(p.before.Name); !locked || !l.BlocksReads() {
			continue
		}
		for _, i := range newIndexes(p.after, p.before) {
			found = append(found, Finding{
				Severity: Warning, Table: p.before.Name,
				Title:  fmt.Sprintf("reads and writes of %s are blocked while index %s is dropped", p.before.Name, i.Name),
				Reason: "Dropping is instant, but waits for every transaction that uses the table, and later ones queue behind it.",
				Advice: "Drop it CONCURRENTLY, in a file of its own without a transaction.",
				Fix:    s.safe,
			})
		}
	}
	return found
}
