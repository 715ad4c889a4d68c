package trace

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// state is what one session has done up to some moment.
type state struct {
	relations map[uint32]relation
	locks     map[uint32]int // the strongest mode on each relation, held or waited for
	// writing are the relations on which it holds the lock of a writer.
	writing map[uint32]bool
	waiting bool // for any lock, also one on a transaction
}

// relation is a table, view or index as a session sees it.
type relation struct {
	oid     uint32
	name    string // with its schema where that isn't the one that is looked at
	sql     string // the same, quoted where it has to be
	index   bool
	table   bool   // ordinary or partitioned: it can be locked by name
	part    bool   // a partition
	storage uint32 // its file, 0 without one
	scans   int64  // from end to end, in this transaction so far
}

// modes are the modes of locks in SQL, the weakest first, in the same order as
// serverModes, which are those of pg_locks.
var (
	modes = []string{
		"", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE",
		"SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE",
	}
	serverModes = []string{
		"", "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock",
		"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
	}
)

// relationsQuery takes the schema that is looked at. It leaves out the server's own
// relations, and temporary ones, which block nobody. Without a parameter a session plans
// it once.
const relationsQuery = `SELECT c.oid::bigint, CASE WHEN n.nspname = %s THEN '' ELSE n.nspname || '.' END || c.relname, c.oid::regclass::text,
		c.relkind IN ('i', 'I'), c.relkind IN ('r', 'p'), c.relkind IN ('r', 'p') AND c.relispartition, coalesce(pg_relation_filenode(c.oid), 0)::bigint,
		CASE WHEN c.relkind IN ('r', 'm') THEN pg_stat_get_xact_numscans(c.oid) ELSE 0 END
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'i', 'I') AND c.relpersistence <> 't'
	AND c.oid >= 16384 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`

const locksQuery = `SELECT coalesce(relation, 0)::bigint, mode, granted FROM pg_locks
	WHERE pid = %d AND (NOT granted OR locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`

// look reads what the session has done, through db: the counters of scans are those of
// db's own session.
func (s *session) look(ctx context.Context, db catalog.Querier) (state, error) {
	now := state{relations: map[uint32]relation{}, locks: map[uint32]int{}, writing: map[uint32]bool{}}
	if err := now.readRelations(ctx, db, s.name); err != nil {
		return now, fmt.Errorf("read relations: %w", err)
	}
	if err := now.readLocks(ctx, db, s.pid); err != nil {
		return now, fmt.Errorf("read locks: %w", err)
	}
	if s.known == nil {
		s.known, s.locked = now.relations, map[string]bool{}
	}
	for oid := range now.locks {
		if r := s.known[oid]; r.table {
			s.locked[r.name] = true
		}
	}
	return now, nil
}

func (s *state) readRelations(ctx context.Context, db catalog.Querier, schema string) error {
	rows, err := db.QueryContext(ctx, fmt.Sprintf(relationsQuery, sqltoken.Literal(schema)))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its errors are those of Err
	for rows.Next() {
		var r relation
		if err := rows.Scan(&r.oid, &r.name, &r.sql, &r.index, &r.table, &r.part, &r.storage, &r.scans); err != nil {
			return err
		}
		s.relations[r.oid] = r
	}
	return rows.Err()
}

func (s *state) readLocks(ctx context.Context, db catalog.Querier, pid int) error {
	rows, err := db.QueryContext(ctx, fmt.Sprintf(locksQuery, pid))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its errors are those of Err
	for rows.Next() {
		var oid uint32
		var mode string
		var granted bool
		if err := rows.Scan(&oid, &mode, &granted); err != nil {
			return err
		}
		s.waiting = s.waiting || !granted
		if oid != 0 {
			s.locks[oid] = max(s.locks[oid], slices.Index(serverModes, mode))
			s.writing[oid] = s.writing[oid] || granted && mode == "RowExclusiveLock"
		}
	}
	return rows.Err()
}

// taken are the locks of after that s doesn't have, or has in a weaker mode. A relation
// that isn't in start is new.
func (s state) taken(after, began state) []Lock {
	var locks []Lock
	for oid, mode := range after.locks {
		r, known := s.relations[oid] // by the name that others know
		if !known {
			r, known = after.relations[oid]
		}
		if known && mode > s.locks[oid] {
			locks = append(locks, lockOf(r, mode, began))
		}
	}
	return sorted(locks)
}

// held are the locks of s that others can notice.
func (s state) held(began state) []Lock {
	var locks []Lock
	for oid, mode := range s.locks {
		r, known := s.relations[oid]
		if l := lockOf(r, mode, began); known && mode > 0 && !l.New {
			locks = append(locks, l)
		}
	}
	return sorted(locks)
}

func lockOf(r relation, mode int, began state) Lock {
	_, old := began.relations[r.oid]
	return Lock{Relation: r.name, Index: r.index, Mode: modes[mode], New: !old}
}

// sorted puts the strongest lock first, and of an index that is built again the old one.
func sorted(locks []Lock) []Lock {
	slices.SortFunc(locks, func(a, b Lock) int {
		return cmp.Or(
			slices.Index(modes, b.Mode)-slices.Index(modes, a.Mode),
			cmp.Compare(a.Relation, b.Relation),
			compareBools(a.New, b.New),
		)
	})
	return locks
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// rewritten are the names of the relations whose storage differs between s and after.
// An index may be rebuilt under its old name.
func (s state) rewritten(after, began state) []string {
	byName := make(map[string]relation, len(s.relations))
	for _, r := range s.relations {
		byName[r.name] = r
	}
	return names(after, func(r relation) bool {
		old, same := s.relations[r.oid]
		if !same {
			old, same = byName[r.name]
			_, stays := after.relations[old.oid]
			same = same && r.index && old.index && !stays
		}
		_, seen := began.relations[old.oid]
		return same && seen && r.storage != old.storage
	})
}

// scanned are the names of the tables that were scanned between s and after.
func (s state) scanned(after, began state) []string {
	return names(after, func(r relation) bool {
		_, seen := began.relations[r.oid]
		return seen && r.scans > s.relations[r.oid].scans
	})
}

func names(s state, match func(relation) bool) []string {
	var all []string
	for _, r := range s.relations {
		if match(r) {
			all = append(all, r.name)
		}
	}
	slices.Sort(all)
	return all
}
