//go:build e2e

package chaos

import (
	"fmt"
	"testing"

	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
)

// TestConnectionsCutAtCommit cuts the connection at COMMIT, before the server receives
// it and after it has executed it: each response must be true, and none needs to be
// "unknown", because the server can be asked.
func TestConnectionsCutAtCommit(t *testing.T) {
	t.Parallel()
	for _, at := range []struct {
		name   string
		moment pgproxy.Moment
	}{{"before the server sees it", pgproxy.Before}, {"after the server has done it", pgproxy.Answered}} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			direct := pgtest.OwnerURL(t)
			proxy := pgtest.Proxy(t, direct)
			newLedger(t, start(t, proxy.URL(), traced), direct).cutAtCommit(proxy, at.moment, times(10, 500))
		})
	}
}

// cutAtCommit sends transfers one after the other and has the proxy cut each one's
// first COMMIT.
func (l *ledger) cutAtCommit(proxy *pgproxy.Proxy, moment pgproxy.Moment, n int) {
	l.t.Helper()
	fired := 0
	for range n {
		fault := proxy.Inject(pgproxy.Fault{Match: pgproxy.AtCommit, Moment: moment, Times: 1})
		if v := l.transfer(l.t.Context(), ""); v != done {
			l.t.Errorf("told %q, want %q: what was rolled back is run again", v, done)
		}
		fault.Release()
		fired += fault.Fired()
	}
	l.audit(fmt.Sprintf("COMMIT cut %d times", fired))
	if fired < n {
		l.t.Errorf("cut %d times, want at least %d", fired, n)
	}
}

// TestNobodyToAsk stalls COMMIT and makes the server unreachable: the outcome can't be
// known, and the response says so.
func TestNobodyToAsk(t *testing.T) {
	t.Parallel()
	direct := pgtest.OwnerURL(t)
	proxy := pgtest.Proxy(t, direct)
	l := newLedger(t, start(t, proxy.URL(), "DB_OUTCOME_TIMEOUT=300ms", "DB_COMMIT_TIMEOUT=300ms",
		"DB_MAX_OPEN_CONNS=1", "DB_MAX_IDLE_CONNS=1", "JOBS_WORKERS=0"), direct) // no COMMIT of a job
	fault := proxy.Inject(pgproxy.Fault{Match: pgproxy.AtCommit, Moment: pgproxy.Answered, Times: 1})
	go func() {
		if fault.Await(t.Context(), 1) == nil {
			proxy.Refuse(true)
		}
	}()
	refused := proxy.Inject(pgproxy.Fault{Match: func(m pgproxy.Message) bool { return fault.Fired() > 0 }})
	if v := l.transfer(t.Context(), ""); v != unknown {
		t.Errorf("told %q, want %q", v, unknown)
	}
	refused.Release()
	proxy.Refuse(false)
	l.audit("COMMIT without an answer, and nobody to ask")
}

// harm does harm n times while clients are busy, each time when it has let some transfers
// through.
func (l *ledger) harm(n int, do func()) {
	l.t.Helper()
	rest := l.keepBusy(l.t.Context(), 4)
	for range n {
		l.await("201", 20)
		do()
	}
	l.await("201", 20)
	rest()
}

// TestBackendsTerminated terminates all sessions, repeatedly.
func TestBackendsTerminated(t *testing.T) {
	t.Parallel()
	direct := pgtest.OwnerURL(t)
	l := newLedger(t, start(t, direct), direct)
	n := times(5, 500)
	l.harm(n, func() {
		_, err := l.db.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'commitment'`)
		if err != nil {
			t.Error(err)
		}
	})
	l.audit(fmt.Sprintf("all sessions terminated %d times", n))
}

// TestServiceKilled kills the program under load and restarts it, while clients retry
// with their keys.
func TestServiceKilled(t *testing.T) {
	t.Parallel()
	direct := pgtest.OwnerURL(t)
	p := start(t, direct)
	l := newLedger(t, p, direct)
	n := times(3, 100)
	l.harm(n, func() {
		p.kill()
		p.run("is ready")
	})
	l.audit(fmt.Sprintf("the service killed %d times", n))
}

// TestPostgresKilled kills PostgreSQL under load and restarts it.
func TestPostgresKilled(t *testing.T) {
	t.Parallel()
	options := pgserver.Options{Dir: pgtest.ReachableDir(t)}
	server := pgtest.StartServer(t, options)
	pgtest.Migrate(t, server.URL("postgres"))
	proxy := pgtest.Proxy(t, server.URL("postgres"))
	l := newLedger(t, start(t, proxy.URL()), proxy.URL())
	n := times(3, 60)
	l.harm(n, func() {
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
		server = pgtest.StartServer(t, options)
		if err := proxy.Redirect(server.URL("postgres")); err != nil {
			t.Error(err)
		}
	})
	l.audit(fmt.Sprintf("PostgreSQL killed %d times", n))
}
