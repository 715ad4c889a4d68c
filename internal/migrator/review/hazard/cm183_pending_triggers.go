package hazard

import "commitment/internal/migrator/plan"

var cm183 = Rule{
	Code: "CM183", Slug: "pending-triggers", Manual: manual + "sql-set-constraints.html", Rows: true,
	Title: "a table is altered after its rows were written, with deferred checks pending",
	check: pendingTriggers,
}

func pendingTriggers(s subject) []Finding {
	if !s.pending() {
		return nil
	}
	name, _ := s.stmt.table()
	fix := s.safe
	if len(fix) == 0 {
		fix = s.asIs(plan.Step{Apart: true})
	}
	return []Finding{{
		Severity: Error, Table: name,
		Title:  "this fails if an earlier statement of the file writes a row: checks of " + name + " are pending until the end",
		Reason: "PostgreSQL reports 55006 for a table with pending trigger events. Deferred constraints and triggers run when the transaction commits.",
		Advice: "Alter the table in a file of its own.",
		Fix:    fix,
	}}
}

// pending reports whether rows of the transaction wait for their checks.
func (s subject) pending() bool {
	const objectInUse = "55006"
	return sqlState(s.RowsErr) == objectInUse
}
