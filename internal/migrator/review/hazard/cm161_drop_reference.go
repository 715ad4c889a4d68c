package hazard

import "fmt"

var cm161 = Rule{
	Code: "CM161", Slug: "drop-reference", Manual: manual + "sql-droptable.html",
	Title: "dropping a table locks the tables that it references",
	check: dropReference,
}

func dropReference(s subject) (found []Finding) {
	if !s.stmt.begins("DROP", "TABLE") {
		return nil
	}
	for p := range s.tables() {
		if l, locked := s.lock(p.before.Name); !locked || !l.BlocksReads() {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Table: p.before.Name,
			Title:  fmt.Sprintf("reads and writes of %s are blocked for the instant in which its foreign keys are dropped", p.before.Name),
			Reason: "The lock is taken together with those on all the other tables, so each waits for the slowest.",
			Advice: "Drop the foreign keys first, each in a file of its own.",
			Fix:    s.safe,
		})
	}
	return found
}
