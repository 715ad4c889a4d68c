package hazard

import (
	"fmt"
	"strings"
)

var cm202 = Rule{
	Code: "CM202", Slug: "own-transaction", Manual: manual + "sql-begin.html",
	Title: "a file begins or ends transactions itself",
	check: ownTransaction,
}

func ownTransaction(s subject) []Finding {
	if !s.stmt.begins("BEGIN") && !s.stmt.begins("START", "TRANSACTION") && !s.stmt.begins("COMMIT") &&
		!s.stmt.begins("END") && !s.stmt.begins("ROLLBACK") && !s.stmt.begins("ABORT") {
		return nil
	}
	if s.stmt.has("SAVEPOINT") || s.stmt.begins("ROLLBACK", "TO") {
		return nil
	}
	return []Finding{{
		Severity: Error, Evidence: Inferred,
		Title:  fmt.Sprintf("%s breaks the transaction that applies the file and records it", strings.ToUpper(s.stmt.tokens[0].Text)),
		Reason: "After a failure, the database and the table of revisions disagree.",
		Advice: "Remove it: a file runs in one transaction, and with -- atlas:txmode none in none.",
	}}
}
