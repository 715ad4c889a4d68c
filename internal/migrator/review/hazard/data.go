package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migrator/plan"
)

var dataRules = []Rule{
	{
		Code: "CM181", Slug: "write-under-lock", Docs: locking,
		Title: "rows are written in a transaction that locks tables",
		check: writtenUnderLock,
	},
	{
		Code: "CM182", Slug: "write-at-once", Docs: manual + "sql-update.html",
		Title: "many rows are written in one transaction",
		check: writtenAtOnce,
	},
}

// writes is what the statement does to the rows of which table.
func (s scene) writes() (verb, table string) {
	i := 0
	if s.text.begins("WITH") {
		i = max(s.text.outside("UPDATE"), s.text.outside("DELETE"))
	}
	switch {
	case i < 0 || s.Err != nil:
		return "", ""
	case s.text.at(i, "UPDATE"):
		table, _ = s.text.name(s.text.skip(i+1, "ONLY"))
		return "UPDATE", table
	case s.text.at(i, "DELETE", "FROM"):
		table, _ = s.text.name(s.text.skip(i+2, "ONLY"))
		return "DELETE", table
	case s.text.at(i, "INSERT", "INTO"):
		table, _ = s.text.name(i + 2)
		return "INSERT", table
	}
	return "", ""
}

// fills reports whether the statement writes rows that are there.
func (s scene) fills() bool {
	verb, table := s.writes()
	return (verb == "UPDATE" || verb == "DELETE") && s.oldName(table)
}

func writtenUnderLock(s scene) []Finding {
	locks := s.stops(s.Held)
	if len(locks) == 0 || !s.fills() {
		return nil
	}
	verb, table := s.writes()
	l := locks[0]
	return []Finding{{
		Severity: Warning, Table: l.Relation, Lock: l.Mode + " on " + l.Relation,
		Title:  fmt.Sprintf("%s can't be %s while the %s goes through %s", l.Relation, stopped(l.BlocksReads()), verb, table),
		Reason: "A statement before it in the transaction took a lock that is kept until the end.",
		Advice: "Write rows in a file of their own, or by a program beside the migrations, a few thousand at a time.",
		Fix:    s.again(plan.Step{Apart: true}),
	}}
}

func writtenAtOnce(s scene) []Finding {
	verb, table := s.writes()
	all := s.text.outside("WHERE") < 0
	if !s.fills() || s.text.has("LIMIT") || !all && !s.scanned(table) {
		return nil
	}
	f := Finding{
		Severity: Warning, Table: table,
		Title:  fmt.Sprintf("every row of %s that this %s writes stays locked until all are written", table, verb),
		Reason: "Whoever writes one of them waits for the end, the old versions can't be cleaned up before, and a failure undoes everything.",
		Advice: "Write a few thousand rows at a time, each in a transaction of its own, by a program beside the migrations.",
	}
	if all && verb == "DELETE" {
		f.Severity = Error
		f.Title = fmt.Sprintf("all rows of %s are lost", table)
		f.Reason = "The DELETE has no WHERE. They come back from a backup alone."
	}
	if !slices.Contains(s.Scans, table) || strings.HasPrefix(verb, "DELETE") && all {
		f.Evidence = Inferred
	}
	return []Finding{f}
}
