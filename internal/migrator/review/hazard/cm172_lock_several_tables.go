package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/trace"
)

var cm172 = Rule{
	Code: "CM172", Slug: "lock-several-tables", Manual: manual + "explicit-locking.html#LOCKING-DEADLOCKS",
	Title: "a transaction locks several tables",
	check: lockSeveralTables,
}

// lockSeveralTables finds the first statement of a transaction that locks another table
// than those before it.
func lockSeveralTables(s subject) []Finding {
	held, more := s.blocking(s.Held), s.locksMore(s.Statement)
	if len(more) == 0 || slices.ContainsFunc(s.file[:s.at], func(e trace.Statement) bool { return len(s.locksMore(e)) > 0 }) {
		return nil
	}
	return []Finding{{
		Severity: Note, Table: more[0].Relation,
		Title:  fmt.Sprintf("the transaction locks %s after %s", more[0].Relation, held[0].Relation),
		Reason: "A transaction that locks them in the other order waits for the migration while the migration waits for it, until PostgreSQL aborts one of them.",
		Advice: "Change each table in a file of its own.",
		Fix:    s.asIs(plan.Step{Apart: true}),
	}}
}

// locksMore are the tables that a statement locks beside those that were locked before
// it.
func (s subject) locksMore(stmt trace.Statement) []trace.Lock {
	if len(s.blocking(stmt.Held)) == 0 {
		return nil
	}
	return slices.DeleteFunc(s.blocking(stmt.Locks), func(l trace.Lock) bool {
		return slices.ContainsFunc(stmt.Held, func(h trace.Lock) bool { return h.Relation == l.Relation })
	})
}
