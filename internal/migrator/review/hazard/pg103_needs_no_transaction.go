package hazard

import "commitment/internal/migrator/plan"

var pg103 = Rule{
	Code: "PG103", Slug: "needs-no-transaction", Manual: createIndex,
	Title: "a statement that can't run in a transaction is in one",
	check: needsNoTransaction,
}

// activeTransaction is the SQLSTATE of a statement that PostgreSQL refuses in a
// transaction.
const activeTransaction = "25001"

func needsNoTransaction(s subject) []Finding {
	if !s.Transaction || !s.failedWith(activeTransaction) {
		return nil
	}
	return []Finding{{
		Severity: Error,
		Title:    "this fails: the statement can't run in a transaction, and the file is one",
		Reason:   "PostgreSQL runs the statement in transactions of its own, and refuses it inside of another.",
		Advice:   "Move it to a file of its own that begins with -- atlas:txmode none.",
		Fix:      s.asIs(plan.Step{Alone: true}),
	}}
}
