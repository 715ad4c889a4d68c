package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/trace"
)

// Find judges the statements of one file in their order. A table that the file
// creates is used by nobody yet; one that an earlier file creates is assumed to be in
// use, with rows.
func Find(stmts []trace.Statement) []Finding {
	var all []Finding
	for i := range stmts {
		all = append(all, findIn(newSubject(stmts, i).parts())...)
	}
	return all
}

// findIn judges the parts of one statement, of which several may have the same finding.
func findIn(parts []subject) []Finding {
	var all []Finding
	for _, s := range parts {
		for _, rule := range rules {
			for _, f := range rule.check(s) {
				if (rule.Timed || rule.Rows) && s.emptied(f.Table) {
					continue
				}
				f = s.complete(rule, f)
				if !slices.ContainsFunc(all, func(other Finding) bool { return other.Lock == f.Lock }) {
					f.Reason += s.holding(f)
				}
				twice := func(other Finding) bool { return other.Code == f.Code && other.Title == f.Title }
				if len(parts) == 1 || !slices.ContainsFunc(all, twice) {
					all = append(all, f)
				}
			}
		}
	}
	return all
}

// complete fills in what the rule's check leaves out.
func (s subject) complete(r Rule, f Finding) Finding {
	f.Code, f.Timed = r.Code, r.Timed
	f.File, f.Line, f.Statement = s.File, s.Line, s.at+1
	if f.Evidence == "" {
		f.Evidence = Measured
	}
	if f.Precheck != "" {
		f.Advice += " Rows that make it fail: " + f.Precheck + ";"
	}
	l, locked := s.lock(f.Table)
	if f.Lock == "" && locked && (l.BlocksReads() || l.BlocksWrites()) {
		f.Lock = l.Mode + " on " + f.Table
	}
	f.HeldSince = s.heldSince(f.Lock)
	if len(f.Fix) > 0 && s.bound() {
		f.Fix = nil
	}
	return f
}

// holding says how long the lock is held that the statement took, if it is longer than
// the statement runs.
func (s subject) holding(f Finding) string {
	n := len(s.later())
	if f.Lock == "" || f.HeldSince > 0 || n == 0 {
		return ""
	}
	return fmt.Sprintf(" The lock is held until the end of the file, %s later.", count(n, "statement"))
}

// heldSince is the line of the earlier statement that took a lock, such as "SHARE on
// products"; 0 if this one did.
func (s subject) heldSince(lock string) int {
	is := func(l trace.Lock) bool { return l.Mode+" on "+l.Relation == lock }
	i := slices.IndexFunc(s.Held, is)
	if i < 0 || slices.ContainsFunc(s.Locks, is) {
		return 0
	}
	return s.holder(s.Held[i])
}

// settled are the checks, by code, of what a later file can settle.
var settled = map[string]func(trace.Statement, catalog.Schema) []Finding{cm143.Code: unindexed, cm221.Code: unprotected}

// Open returns the findings that still hold in the schema after the files that follow.
func Open(found []Finding, stmts []trace.Statement, final catalog.Schema) []Finding {
	return slices.DeleteFunc(found, func(f Finding) bool {
		check := settled[f.Code]
		if check == nil || f.Statement == 0 {
			return false
		}
		still := check(stmts[f.Statement-1], final)
		return !slices.ContainsFunc(still, func(other Finding) bool { return other.Title == f.Title })
	})
}

func count(n int, noun string) string {
	if n == 1 {
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
