package hazard

import (
	"fmt"

	"commitment/internal/migrator/plan"
)

var cm181 = Rule{
	Code: "CM181", Slug: "write-under-lock", Manual: locking, Rows: true,
	Title: "rows are written in a transaction that locks tables",
	check: writeUnderLock,
}

func writeUnderLock(s subject) []Finding {
	locks := s.blocking(s.Held)
	if len(locks) == 0 || !s.changesRows() {
		return nil
	}
	verb, table := s.writes()
	l := locks[0]
	return []Finding{{
		Severity: Warning, Table: l.Relation, Lock: l.Mode + " on " + l.Relation,
		Title:  fmt.Sprintf("%s are blocked while the %s of %s runs", blocked(l), verb, table),
		Reason: "An earlier statement of the transaction took a lock that is held until the end.",
		Advice: "Write rows in a file of their own, or with a program outside of the migrations, a few thousand at a time.",
		Fix:    s.asIs(plan.Step{Apart: true}),
	}}
}

// writes says whether the statement is an UPDATE, a DELETE or a MERGE that does either, and
// of which table.
func (s subject) writes() (verb, table string) {
	i := 0
	if s.stmt.begins("WITH") {
		i = max(s.stmt.outside("UPDATE"), s.stmt.outside("DELETE"), s.stmt.outside("MERGE"))
	}
	switch {
	case i < 0 || s.Err != nil:
		return "", ""
	case s.stmt.at(i, "UPDATE"):
		table, _ = s.stmt.name(s.stmt.skip(i+1, "ONLY"))
		return "UPDATE", table
	case s.stmt.at(i, "DELETE", "FROM"):
		table, _ = s.stmt.name(s.stmt.skip(i+2, "ONLY"))
		return "DELETE", table
	case s.stmt.at(i, "MERGE") && (s.stmt.has("THEN", "UPDATE") || s.stmt.has("THEN", "DELETE")):
		table, _ = s.stmt.name(s.stmt.skip(s.stmt.skip(i+1, "INTO"), "ONLY"))
		return "MERGE", table
	}
	return "", ""
}

// changesRows reports whether the statement changes existing rows.
func (s subject) changesRows() bool {
	verb, table := s.writes()
	return verb != "" && s.nameInUse(table)
}
