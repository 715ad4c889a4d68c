package hazard

import "fmt"

var cm127 = Rule{
	Code: "CM127", Slug: "stale-plan", Manual: manual + "sql-prepare.html",
	Title: "a change of type invalidates prepared statements",
	check: stalePlan,
}

func stalePlan(s subject) (found []Finding) {
	for _, c := range s.retyped() {
		found = append(found, Finding{
			Severity: Note, Evidence: Inferred, Table: c.table.after.Name,
			Title:  fmt.Sprintf("prepared statements on %s fail once in each session", c.table.after.Name),
			Reason: fmt.Sprintf("%s was %s and is now %s: PostgreSQL reports 0A000, cached plan must not change result type, which also ends an open transaction.", c.is.Name, c.was.Type, c.is.Type),
			Advice: "Retry the transactions that fail this way, or replace the connections after the migration.",
		})
	}
	return found
}
