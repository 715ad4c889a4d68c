package review

import (
	"fmt"
	"slices"
	"time"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/stats"
	"commitment/internal/migrator/review/trace"
)

// Blocked is a table that a file keeps others from.
type Blocked struct {
	Table string `json:"table"`
	// Reads says that SELECT waits, too, at some time.
	Reads bool `json:"reads,omitempty"`
	// Work is how many statements scan, rewrite or write a table meanwhile: the others
	// take an instant.
	Work int `json:"work"`
	// Duration is roughly how long that takes together, in nanoseconds, if Known.
	Duration time.Duration `json:"duration,omitempty"`
	// Known is false if it takes as long as tables are large whose sizes aren't known.
	Known bool `json:"known"`
}

// Time says how long others wait, once the locks are granted.
func (b Blocked) Time() string {
	switch {
	case b.Work == 0:
		return "an instant"
	case b.Known:
		return stats.About(b.Duration)
	case b.Work == 1:
		return "as long as 1 statement works on rows"
	default:
		return fmt.Sprintf("as long as %d statements work on rows", b.Work)
	}
}

// blocked adds up what runs while each table is locked.
func blocked(stmts []trace.Statement, snapshot *stats.Snapshot) []Blocked {
	var all []Blocked
	for _, s := range stmts {
		d, works, known := duration(s, snapshot)
		for _, l := range blockingTables(s) {
			i := slices.IndexFunc(all, func(b Blocked) bool { return b.Table == l.Relation })
			if i < 0 {
				i = len(all)
				all = append(all, Blocked{Table: l.Relation, Known: true})
			}
			b := &all[i]
			b.Reads = b.Reads || l.BlocksReads()
			b.Known = b.Known && known
			b.Duration += d
			if works {
				b.Work++
			}
		}
	}
	return all
}

// blockingTables are the strongest locks, one a table, that keep others from writing
// while the statement runs.
func blockingTables(s trace.Statement) []trace.Lock {
	var locks []trace.Lock
	for _, l := range slices.Concat(s.Held, s.Locks) {
		if l.Index || l.New || !l.BlocksWrites() {
			continue
		}
		i := slices.IndexFunc(locks, func(o trace.Lock) bool { return o.Relation == l.Relation })
		switch {
		case i < 0:
			locks = append(locks, l)
		case l.BlocksReads():
			locks[i] = l
		}
	}
	return locks
}

// duration estimates how long a statement runs. One that doesn't read or write a table
// from end to end takes an instant.
func duration(s trace.Statement, snapshot *stats.Snapshot) (d time.Duration, works, known bool) {
	if len(touched(s)) == 0 && len(s.Writes) == 0 {
		return 0, false, true
	}
	if snapshot == nil {
		return 0, true, false
	}
	e, known := work(s, *snapshot)
	for _, w := range s.Writes {
		name := nameOf(s.Before, w.Table)
		if slices.Contains(touched(s), name) {
			continue
		}
		t, sized := snapshot.Table(name)
		e, known = e.Plus(t.Change()), sized && (known || len(touched(s)) == 0)
	}
	return e.Duration, true, known
}

func nameOf(s catalog.Schema, oid uint32) string {
	for _, t := range s.Tables {
		if t.OID == oid {
			return t.Name
		}
	}
	return ""
}
