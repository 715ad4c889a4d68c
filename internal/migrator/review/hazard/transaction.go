package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/trace"
)

var transactionRules = []Rule{
	{
		Code: "CM170", Slug: "work-under-lock", Docs: locking, Timed: true,
		Title: "a strong lock is held while something long runs",
		check: longUnderLock,
	},
	{
		Code: "CM171", Slug: "scan-twice", Docs: alterTable, Timed: true,
		Title: "a table is gone through more than once",
		check: again,
	},
	{
		Code: "CM172", Slug: "lock-several-tables", Docs: manual + "explicit-locking.html#LOCKING-DEADLOCKS",
		Title: "a transaction locks several tables",
		check: severalTables,
	},
	{
		Code: "CM202", Slug: "own-transaction", Docs: manual + "sql-begin.html",
		Title: "a file begins or ends transactions itself",
		check: ownTransaction,
	},
	{
		Code: "CM201", Slug: "search-path", Docs: manual + "ddl-schemas.html#DDL-SCHEMAS-PATH",
		Title: "search_path is set",
		check: searchPath,
	},
}

// longUnderLock is work that takes as long as its table is large, under a lock of a
// statement before it. A lock that stops readers stops them more than one that the
// work takes itself.
func longUnderLock(s scene) []Finding {
	work := s.work()
	if len(work) == 0 || s.validates() || s.fills() {
		return nil
	}
	locks := slices.DeleteFunc(s.stops(s.Held), s.needs)
	if len(locks) == 0 {
		return nil
	}
	l := locks[0]
	f := Finding{
		Severity: Warning, Table: l.Relation, Lock: l.Mode + " on " + l.Relation,
		Title:  fmt.Sprintf("line %d holds %s on %s while this goes through %s", s.holder(l), l.Mode, l.Relation, strings.Join(work, ", ")),
		Reason: fmt.Sprintf("Locks are kept until the end of the transaction: %s can't be %s as long as that takes.", l.Relation, stopped(l.BlocksReads())),
		Advice: "Put it into a later file.",
		Fix:    s.again(plan.Step{Apart: true}),
	}
	if l.BlocksReads() {
		f.Severity = Error
	}
	return []Finding{f}
}

// needs reports whether the statement would take the lock by itself.
func (s scene) needs(l trace.Lock) bool {
	if slices.ContainsFunc(s.Locks, func(own trace.Lock) bool { return own.Relation == l.Relation }) {
		return true
	}
	name, _ := s.text.table()
	return s.text.begins("ALTER", "TABLE") && name == l.Relation && !s.text.has("FOREIGN", "KEY")
}

// work are the old tables that the statement scans or rewrites.
func (s scene) work() []string {
	all := slices.Concat(s.Scans, s.Rewrites)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return !s.oldName(name) || s.text.begins("TRUNCATE") })
}

// holder is the line of the last statement before this one that made the lock what
// it is.
func (s scene) holder(l trace.Lock) int {
	for _, earlier := range slices.Backward(s.file[:s.at]) {
		if slices.ContainsFunc(earlier.Locks, func(o trace.Lock) bool { return o.Relation == l.Relation && o.Mode == l.Mode }) {
			return earlier.Line
		}
	}
	return s.file[0].Line
}

// again is an ALTER TABLE that goes through the table like one before it.
func again(s scene) []Finding {
	name, _ := s.text.table()
	if !s.text.begins("ALTER", "TABLE") || s.validates() || !slices.Contains(s.work(), name) {
		return nil
	}
	for _, earlier := range s.file[:s.at] {
		e := newScene([]trace.Statement{earlier}, 0)
		other, _ := e.text.table()
		if !e.text.begins("ALTER", "TABLE") || other != name || e.validates() || !slices.Contains(e.work(), name) {
			continue
		}
		return []Finding{{
			Severity: Note, Table: name,
			Title:  fmt.Sprintf("%s is gone through here once more after line %d", name, earlier.Line),
			Reason: "One ALTER TABLE with both actions goes through it once.",
			Advice: "Make one statement of the two, if no safe form of them is to be had.",
		}}
	}
	return nil
}

// severalTables is the first statement of a transaction that locks another table
// than those before it.
func severalTables(s scene) []Finding {
	held := s.stops(s.Held)
	fresh := slices.DeleteFunc(s.stops(s.Locks), func(l trace.Lock) bool {
		return slices.ContainsFunc(s.Held, func(h trace.Lock) bool { return h.Relation == l.Relation })
	})
	if len(held) == 0 || len(fresh) == 0 || slices.ContainsFunc(s.file[:s.at], func(e trace.Statement) bool { return len(others(s, e)) > 0 }) {
		return nil
	}
	return []Finding{{
		Severity: Note, Table: fresh[0].Relation,
		Title:  fmt.Sprintf("the transaction locks %s after %s", fresh[0].Relation, held[0].Relation),
		Reason: "Code that takes them in the other order waits for the migration while the migration waits for it, until one of them is ended.",
		Advice: "Give each table's changes a file of their own.",
		Fix:    s.again(plan.Step{Apart: true}),
	}}
}

// others are the tables that an earlier statement locked beside those that were
// locked before it.
func others(s scene, earlier trace.Statement) []trace.Lock {
	if len(s.stops(earlier.Held)) == 0 {
		return nil
	}
	return slices.DeleteFunc(s.stops(earlier.Locks), func(l trace.Lock) bool {
		return slices.ContainsFunc(earlier.Held, func(h trace.Lock) bool { return h.Relation == l.Relation })
	})
}

func ownTransaction(s scene) []Finding {
	if !s.text.begins("BEGIN") && !s.text.begins("START", "TRANSACTION") && !s.text.begins("COMMIT") &&
		!s.text.begins("END") && !s.text.begins("ROLLBACK") && !s.text.begins("ABORT") {
		return nil
	}
	if s.text.has("SAVEPOINT") || s.text.begins("ROLLBACK", "TO") {
		return nil
	}
	return []Finding{{
		Severity: Error, Evidence: Inferred,
		Title:  fmt.Sprintf("%s breaks the transaction in which a migration and its record are written", strings.ToUpper(s.text.tokens[0].Text)),
		Reason: "After a failure the database and the table of revisions don't say the same any more.",
		Advice: "Leave it away: every file is a transaction, and one with -- atlas:txmode none has none.",
	}}
}

func searchPath(s scene) []Finding {
	i := s.text.skip(s.text.skip(1, "SESSION"), "LOCAL")
	set := s.text.begins("SET") && s.text.at(i, "search_path")
	called := s.text.begins("SELECT") && s.text.has("set_config") && s.text.has("'search_path'")
	if !set && !called {
		return nil
	}
	return []Finding{{
		Severity: Warning, Evidence: Inferred,
		Title:  "the files behind this one are run in another schema, or not, as it happens",
		Reason: "A session keeps the setting until it ends, and each run begins with its own: a directory that is applied in two runs makes something else than in one.",
		Advice: "Name the schema in the statements that need it, or in the database's URL.",
	}}
}
