package pgtx_test

import (
	"context"
	"testing"

	"commitment/internal/pgtest"
)

func TestCanceledStatementKeepsItsBackend(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.EmptyURL(t), 2)
	conn, watcher := pgtest.Session(t, db), pgtest.Session(t, db)
	before := pgtest.Backend(t, conn)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := conn.ExecContext(ctx, "SELECT pg_sleep(600)")
		ended <- err
	}()
	waitForSleep(t, watcher, before)
	cancel()
	if err := <-ended; err == nil {
		t.Error("Exec() = nil, want an error")
	}
	if after := pgtest.Backend(t, conn); after != before {
		t.Errorf("backend = %d, want the same as before, %d", after, before)
	}
}

// waitForSleep returns once the backend is in pg_sleep.
func waitForSleep(t *testing.T, q pgtest.Querier, pid int) {
	t.Helper()
	pgtest.WaitFor(t, "the statement runs", func() bool {
		return pgtest.Value[bool](t, q, "SELECT coalesce(wait_event = 'PgSleep', false) FROM pg_stat_activity WHERE pid = $1", pid)
	})
}
