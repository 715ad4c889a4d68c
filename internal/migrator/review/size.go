package review

import (
	"fmt"
	"slices"
	"time"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/stats"
	"commitment/internal/migrator/review/trace"
)

// codeWriteAtOnce is the finding about a statement that writes many rows, which takes no
// lock on the table that others wait for.
const codeWriteAtOnce = "CM182"

// negligible is the duration below which a finding counts one severity less.
const negligible = time.Second

// size estimates how long the locks of the findings are held on production's tables. A
// finding about a table that isn't in the snapshot stays as it is.
func size(findings []hazard.Finding, stmts []trace.Statement, snapshot *stats.Snapshot) {
	if snapshot == nil {
		return
	}
	for i := range findings {
		f := &findings[i]
		if f.Lock == "" && f.Code != codeWriteAtOnce || f.Statement == 0 {
			continue
		}
		e, known := lockedWork(stmts[f.Statement-1:], *snapshot)
		if t, sized := snapshot.Table(f.Table); sized && f.Code == codeWriteAtOnce {
			e, known = t.Change(), true // at worst: how many rows it selects isn't known
		}
		if !known {
			continue
		}
		f.Estimate = e.String() + writes(f.Table, *snapshot)
		if e.Duration < negligible && f.Evidence == hazard.Measured && f.Timed {
			f.Severity = lowered(f.Severity)
		}
	}
}

// lockedWork estimates what the first statement does or, if that takes no time, what
// later statements do while its lock is held.
func lockedWork(stmts []trace.Statement, snapshot stats.Snapshot) (e stats.Estimate, known bool) {
	e, known = work(stmts[0], snapshot)
	if known || !stmts[0].Transaction {
		return e, known
	}
	for _, s := range stmts[1:] {
		if one, ok := work(s, snapshot); ok {
			e, known = e.Plus(one), true
		}
	}
	return e, known
}

// work adds up the tables that a statement rewrites and scans. It is known if there are
// any and all of them are in the snapshot.
func work(s trace.Statement, snapshot stats.Snapshot) (e stats.Estimate, known bool) {
	for _, name := range touched(s) {
		t, ok := snapshot.Table(name)
		if !ok {
			return stats.Estimate{}, false
		}
		known = true
		switch built := newIndexes(s, name); {
		case slices.Contains(s.Rewrites, name):
			e = e.Plus(t.Rewrite())
		case changesRows(s, name):
			e = e.Plus(t.Change())
		case built > 0:
			for range built {
				e = e.Plus(t.IndexBuild())
			}
		default:
			e = e.Plus(t.Scan())
		}
	}
	return e, known
}

// changesRows reports whether a statement writes rows of a table.
func changesRows(s trace.Statement, table string) bool {
	before, _ := s.Before.Table(table)
	return slices.ContainsFunc(s.Writes, func(w trace.Write) bool { return w.Table == before.OID })
}

// touched are the tables that a statement rewrites or scans and that existed before.
func touched(s trace.Statement) []string {
	all := append(append([]string{}, s.Rewrites...), s.Scans...)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool {
		_, there := s.Before.Table(name)
		return !there
	})
}

// newIndexes counts the indexes of a table that a statement built.
func newIndexes(s trace.Statement, table string) int {
	before, _ := s.Before.Table(table)
	after, _ := s.After.Table(table)
	n := 0
	for _, index := range after.Indexes {
		if !slices.ContainsFunc(before.Indexes, func(old catalog.Index) bool { return old.OID == index.OID }) {
			n++
		}
	}
	return n
}

func writes(table string, snapshot stats.Snapshot) string {
	t, ok := snapshot.Table(table)
	if !ok || t.WritesPerSecond < 1 {
		return ""
	}
	return fmt.Sprintf(", %.0f rows written per second", t.WritesPerSecond)
}

func lowered(s hazard.Severity) hazard.Severity {
	if s == hazard.Error {
		return hazard.Warning
	}
	return hazard.Note
}
