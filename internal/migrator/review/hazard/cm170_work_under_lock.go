package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/trace"
)

var cm170 = Rule{
	Code: "CM170", Slug: "work-under-lock", Manual: locking, Timed: true,
	Title: "a strong lock is held while a table is scanned or rewritten",
	check: workUnderLock,
}

// workUnderLock finds work that takes as long as its table is large, under a lock of an
// earlier statement that the work doesn't take itself.
func workUnderLock(s subject) []Finding {
	work := s.work()
	if len(work) == 0 || s.validates() || s.changesRows() {
		return nil
	}
	locks := slices.DeleteFunc(s.blocking(s.Held), s.needs)
	if len(locks) == 0 {
		return nil
	}
	l, verb := locks[0], "scans"
	if slices.ContainsFunc(work, s.rewritten) {
		verb = "rewrites"
	}
	return []Finding{{
		Severity: severity(l), Table: l.Relation, Lock: l.Mode + " on " + l.Relation,
		Title:  fmt.Sprintf("line %d holds %s on %s while this %s %s", s.holder(l), l.Mode, l.Relation, verb, strings.Join(work, ", ")),
		Reason: fmt.Sprintf("Locks are held until the end of the transaction: %s are blocked for as long as that takes.", blocked(l)),
		Advice: "Move it to a later file.",
		Fix:    s.asIs(plan.Step{Apart: true}),
	}}
}

// needs reports whether the statement would take the lock by itself.
func (s subject) needs(l trace.Lock) bool {
	if slices.ContainsFunc(s.Locks, func(own trace.Lock) bool { return own.Relation == l.Relation }) {
		return true
	}
	name, _ := s.stmt.table()
	return s.stmt.begins("ALTER", "TABLE") && name == l.Relation && !s.stmt.has("FOREIGN", "KEY")
}

// work are the tables in use that the statement scans or rewrites.
func (s subject) work() []string {
	all := slices.Concat(s.Scans, s.Rewrites)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return !s.nameInUse(name) || s.emptied(name) })
}

// holder is the line of the last earlier statement that took the lock in its mode.
func (s subject) holder(l trace.Lock) int {
	for _, earlier := range slices.Backward(s.file[:s.at]) {
		if slices.ContainsFunc(earlier.Locks, func(o trace.Lock) bool { return o.Relation == l.Relation && o.Mode == l.Mode }) {
			return earlier.Line
		}
	}
	return s.file[0].Line
}
