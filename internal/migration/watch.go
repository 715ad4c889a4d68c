package migration

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// The watcher looks often enough to see a blocker before the lock timeout, and repeats
// itself rarely.
const (
	fastestLook = 10 * time.Millisecond
	slowestLook = 500 * time.Millisecond
	repeatAfter = 10 * time.Second
)

// watcher uses another connection to find out who blocks the migrating session, and the
// progress of building an index. It ignores errors: nothing depends on it.
type watcher struct {
	db  *sql.DB
	pid int // of the session's server process
	log *slog.Logger

	mu       sync.Mutex
	blockers []Blocker
}

// lastBlockers are those that were seen last.
func (w *watcher) lastBlockers() []Blocker {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.blockers
}

func (w *watcher) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blockers = nil
}

// watch looks until stop is called, which waits for the last look to end.
func (w *watcher) watch(ctx context.Context, lockTimeout time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	every := slowestLook
	if lockTimeout > 0 {
		every = min(max(lockTimeout/4, fastestLook), slowestLook)
	}
	var looking sync.WaitGroup
	looking.Go(func() {
		var logged repeatFilter
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(every):
				w.look(ctx, &logged)
			}
		}
	})
	return func() {
		cancel()
		looking.Wait()
	}
}

func (w *watcher) look(ctx context.Context, logged *repeatFilter) {
	blockers, err := readBlockers(ctx, w.db, w.pid)
	if err != nil {
		return
	}
	if len(blockers) > 0 {
		w.mu.Lock()
		w.blockers = blockers
		w.mu.Unlock()
		if logged.isNew(pids(blockers)...) {
			w.log.InfoContext(ctx, "waiting for a lock", "blocked_by", describe(blockers))
		}
		return
	}
	phase, percent, err := readProgress(ctx, w.db, w.pid)
	if err == nil && phase != "" && logged.isNew(phase) {
		w.log.InfoContext(ctx, "building index", "phase", phase, "percent", percent)
	}
}

// repeatFilter suppresses a message that repeats too soon.
type repeatFilter struct {
	last []any
	at   time.Time
}

func (t *repeatFilter) isNew(what ...any) bool {
	if slices.Equal(t.last, what) && time.Since(t.at) < repeatAfter {
		return false
	}
	t.last, t.at = what, time.Now()
	return true
}

func pids(blockers []Blocker) []any {
	var all []any
	for _, b := range blockers {
		all = append(all, b.PID)
	}
	return all
}

// sessions are the columns of a Blocker; a is a row of pg_stat_activity.
const sessions = `coalesce(a.pid, 0), coalesce(a.application_name, ''), coalesce(a.usename, ''), coalesce(a.state, ''),
	coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8,
	coalesce(left(regexp_replace(btrim(a.query), '\s+', ' ', 'g'), 80), '')`

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readBlockers(ctx context.Context, db querier, pid int) ([]Blocker, error) {
	return querySessions(ctx, db, `SELECT DISTINCT `+sessions+`
		FROM unnest(pg_blocking_pids($1)) AS blocking (pid) LEFT JOIN pg_stat_activity a USING (pid) ORDER BY 1`, pid)
}

func querySessions(ctx context.Context, db querier, query string, args ...any) ([]Blocker, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // its errors are those of Err
	var all []Blocker
	for rows.Next() {
		var b Blocker
		var open float64
		if err := rows.Scan(&b.PID, &b.Application, &b.User, &b.State, &open, &b.Query); err != nil {
			return nil, err
		}
		b.Open = time.Duration(open * float64(time.Second))
		all = append(all, b)
	}
	return all, rows.Err()
}

// readProgress returns the progress of CREATE INDEX. The phase is empty if none is
// running.
func readProgress(ctx context.Context, db querier, pid int) (phase string, percent int, err error) {
	rows, err := db.QueryContext(ctx, `SELECT phase, (100 * coalesce(
			blocks_done::float8 / nullif(blocks_total, 0), tuples_done::float8 / nullif(tuples_total, 0), lockers_done::float8 / nullif(lockers_total, 0), 0))::int
		FROM pg_stat_progress_create_index WHERE pid = $1`, pid)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = rows.Close() }() // its errors are those of Err
	for rows.Next() {
		err = rows.Scan(&phase, &percent)
	}
	if err == nil {
		err = rows.Err()
	}
	return phase, percent, err
}
