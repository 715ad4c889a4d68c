package review

import (
	"fmt"
	"slices"
	"time"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/stats"
	"commitment/internal/migrator/review/trace"
)

// Blocking is whom a file keeps waiting, and for how long.
type Blocking struct {
	Wait                  // for any table
	Tables []BlockedTable `json:"tables,omitempty"` // in the order in which they are locked
}

// BlockedTable is a table that a file keeps others from.
type BlockedTable struct {
	Table string `json:"table"`
	Reads bool   `json:"reads,omitempty"` // SELECT waits, too, at some time
	Wait
}

// Wait is how long others wait, once the locks are granted.
type Wait struct {
	// Work is how many statements scan, rewrite or write a table meanwhile: the others
	// take an instant.
	Work int `json:"work"`
	// Duration is roughly how long they take together, in nanoseconds, if Known.
	Duration time.Duration `json:"duration,omitempty"`
	// Known is false if it takes as long as tables are large whose sizes aren't known.
	Known bool `json:"known"`
}

// String is the time in words: "for about 4 min".
func (w Wait) String() string {
	switch {
	case w.Work == 0:
		return "for an instant"
	case w.Known:
		return "for " + stats.About(w.Duration)
	case w.Work == 1:
		return "while 1 statement works on rows"
	default:
		return fmt.Sprintf("while %d statements work on rows", w.Work)
	}
}

// during is the time with that of one more statement.
func (w Wait) during(s trace.Statement, snapshot *stats.Snapshot) Wait {
	d, works, known := duration(s, snapshot)
	w.Duration, w.Known = w.Duration+d, w.Known && known
	if works {
		w.Work++
	}
	return w
}

// blocking adds up what runs while tables are locked.
func blocking(stmts []trace.Statement, snapshot *stats.Snapshot) Blocking {
	b := Blocking{Wait: Wait{Known: true}}
	for _, s := range stmts {
		locks := blockingTables(s)
		if len(locks) > 0 {
			b.Wait = b.during(s, snapshot)
		}
		for _, l := range locks {
			i := slices.IndexFunc(b.Tables, func(t BlockedTable) bool { return t.Table == l.Relation })
			if i < 0 {
				i = len(b.Tables)
				b.Tables = append(b.Tables, BlockedTable{Table: l.Relation, Wait: Wait{Known: true}})
			}
			t := &b.Tables[i]
			t.Reads = t.Reads || l.BlocksReads()
			t.Wait = t.during(s, snapshot)
		}
	}
	return b
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
