package hazard

import "fmt"

var cm167 = Rule{
	Code: "CM167", Slug: "refresh-view", Manual: manual + "sql-refreshmaterializedview.html", Timed: true,
	Title: "REFRESH MATERIALIZED VIEW blocks reads",
	check: refreshView,
}

func refreshView(s subject) []Finding {
	if s.Err != nil || !s.stmt.begins("REFRESH", "MATERIALIZED", "VIEW") {
		return nil
	}
	name, _ := s.stmt.name(s.stmt.skip(3, "CONCURRENTLY"))
	if l, locked := s.lock(name); !locked || !l.BlocksReads() {
		return nil
	}
	return []Finding{{
		Severity: Error, Table: name,
		Title:  fmt.Sprintf("reads of %s are blocked while it is recomputed", name),
		Reason: "The view's whole query runs under the strongest lock on the view.",
		Advice: "Refresh it CONCURRENTLY, which needs a unique index without a WHERE.",
		Fix:    s.safe,
	}}
}
