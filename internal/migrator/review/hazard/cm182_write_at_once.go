package hazard

import "fmt"

var cm182 = Rule{
	Code: "CM182", Slug: "write-at-once", Manual: manual + "sql-update.html",
	Title: "many rows are written in one transaction",
	check: writeAtOnce,
}

func writeAtOnce(s subject) []Finding {
	verb, table := s.writes()
	all := s.stmt.outside("WHERE") < 0
	if !s.changesRows() || s.stmt.has("LIMIT") || !all && !s.scanned(table) {
		return nil
	}
	f := Finding{
		Severity: Warning, Table: table,
		Title:  fmt.Sprintf("every row of %s that this %s writes stays locked until all are written", table, verb),
		Reason: "Others who write these rows wait until the end, VACUUM can't remove their old versions before, and a failure rolls back everything.",
		Advice: "Write a few thousand rows at a time, each batch in a transaction of its own, with a program outside of the migrations.",
	}
	if all && verb == "DELETE" {
		f.Severity = Error
		f.Title = allRowsLost(table)
		f.Reason = "The DELETE has no WHERE, and only a backup has the rows."
	}
	if !s.scanned(table) || verb == "DELETE" && all {
		f.Evidence = Inferred
	}
	return []Finding{f}
}
