package postgres_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"commitment/internal/pgtest"
	"commitment/internal/pgtx"
	"commitment/internal/postgres"
)

func TestMaxOpenConnsBoundsThePool(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxOpenConns: 2, MaxIdleConns: 2})
	first := pgtest.Session(t, db)
	pgtest.Session(t, db)
	third := make(chan error, 1)
	go func() { third <- db.PingContext(t.Context()) }()
	pgtest.WaitFor(t, "the third waits", func() bool { return db.Stats().WaitCount == 1 })
	if got := db.Stats(); got.MaxOpenConnections != 2 || got.OpenConnections != 2 || got.InUse != 2 {
		t.Errorf("stats = %+v, want 2 connections of at most 2, both in use", got)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-third; err != nil {
		t.Errorf("third = %v, want nil once a connection is free", err)
	}
}

func TestIdleTimeShrinksThePool(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxOpenConns: 3, MaxIdleConns: 3, ConnMaxIdleTime: time.Millisecond})
	burst(t, db, 3)
	pgtest.WaitFor(t, "idle connections are closed", func() bool { return db.Stats().OpenConnections == 0 })
	if got := db.Stats().MaxIdleTimeClosed; got != 3 {
		t.Errorf("closed after idle time = %d, want 3", got)
	}
}

// The reason for as many idle connections as open ones: with fewer, each burst
// of work dials what the pool closed at the end of the one before.
func TestBurstsDialOnceWithAllConnectionsIdle(t *testing.T) {
	t.Parallel()
	const workers, bursts = 15, 4
	for _, tt := range []struct{ idle, dials int }{
		{workers, workers},
		{5, workers + (bursts-1)*(workers-5)},
	} {
		t.Run(fmt.Sprintf("%d idle of %d", tt.idle, workers), func(t *testing.T) {
			t.Parallel()
			db := open(t, postgres.Options{MaxOpenConns: workers, MaxIdleConns: tt.idle, PingAfter: time.Hour})
			dialed := map[int]bool{}
			for range bursts {
				for pid := range burst(t, db, workers) {
					dialed[pid] = true
				}
			}
			if len(dialed) != tt.dials {
				t.Errorf("connections dialed = %d, want %d", len(dialed), tt.dials)
			}
		})
	}
}

func TestLifetimeJitterSpreadsTheEndsOfConnections(t *testing.T) {
	t.Parallel()
	const conns = 15
	db := open(t, postgres.Options{
		MaxOpenConns: conns, MaxIdleConns: conns, PingAfter: time.Hour,
		ConnMaxLifetime: 10 * time.Second, LifetimeJitter: 10 * time.Second,
	})
	before := burst(t, db, conns)
	kept := conns
	pgtest.WaitFor(t, "a connection is replaced", func() bool {
		kept = 0
		for pid := range burst(t, db, conns) {
			if before[pid] {
				kept++
			}
		}
		return kept < conns
	})
	if kept == 0 {
		t.Error("connections kept = 0, want some: they weren't to end together")
	}
	if got := db.Stats().MaxLifetimeClosed; got != 0 {
		t.Errorf("closed at the end of the whole lifetime = %d, want 0", got)
	}
}

func TestStaleConnections(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	killer := open(t, postgres.Options{URL: url})
	stale := func(t *testing.T, pingAfter time.Duration) *sql.DB {
		t.Helper()
		db := open(t, postgres.Options{URL: url, MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: pingAfter})
		pgtest.Backend(t, db) // the first use again after the dial is always pinged
		pgtest.Terminate(t, killer, pgtest.Backend(t, db))
		return db
	}

	t.Run("are replaced unnoticed when they were idle for longer than PingAfter", func(t *testing.T) {
		t.Parallel()
		if _, err := stale(t, time.Nanosecond).ExecContext(t.Context(), "SELECT"); err != nil {
			t.Errorf("Exec() = %v, want nil", err)
		}
	})

	t.Run("are not pinged before", func(t *testing.T) {
		t.Parallel()
		db := stale(t, time.Hour)
		if _, err := db.ExecContext(t.Context(), "SELECT"); !pgtx.IsConnectionError(err) {
			t.Errorf("Exec() = %v, want the end of the connection", err)
		}
		pgtest.Exec(t, db, "SELECT") // on a new one
	})
}

// burst uses n connections of the pool at once and returns their backends.
func burst(t *testing.T, db *sql.DB, n int) map[int]bool {
	t.Helper()
	pids := map[int]bool{}
	conns := make([]*sql.Conn, n)
	for i := range conns {
		conns[i] = pgtest.Session(t, db)
		pids[pgtest.Backend(t, conns[i])] = true
	}
	for _, conn := range conns {
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return pids
}
