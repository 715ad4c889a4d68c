package hazard

import "fmt"

var cm173 = Rule{
	Code: "CM173", Slug: "lock-table", Manual: manual + "sql-lock.html",
	Title: "a table is locked explicitly",
	check: lockTable,
}

func lockTable(s subject) (found []Finding) {
	if !s.stmt.begins("LOCK") {
		return nil
	}
	for _, l := range s.blocking(s.Locks) {
		found = append(found, Finding{
			Severity: severity(l), Table: l.Relation,
			Title:  fmt.Sprintf("%s are blocked from LOCK TABLE to the end of the file", blocked(l)),
			Reason: "The lock is held for everything that follows in the transaction, and whoever comes meanwhile queues behind it.",
			Advice: "Leave it out: each statement takes the lock that it needs. If rows must not change in between, keep the file short.",
		})
	}
	return found
}
