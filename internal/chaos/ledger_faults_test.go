package chaos

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

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
			direct := pgtest.URL(t)
			proxy := pgtest.Proxy(t, direct)
			newLedger(t, start(t, proxy.URL()), direct).cutAtCommit(proxy, at.moment, times(25, 500))
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
	direct := pgtest.URL(t)
	proxy := pgtest.Proxy(t, direct)
	l := newLedger(t, start(t, proxy.URL(), "DB_OUTCOME_TIMEOUT=300ms", "DB_COMMIT_TIMEOUT=300ms", "DB_MAX_OPEN_CONNS=1", "DB_MAX_IDLE_CONNS=1"), direct)
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

// load has eight clients insist on transfers until each has had its number.
func load(ctx context.Context, t *testing.T, l *ledger, each int) *sync.WaitGroup {
	t.Helper()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range each {
				if err := l.insist(ctx); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	return &all
}

// while does harm, again and again, until the clients are done.
func while(all *sync.WaitGroup, pause time.Duration, harm func()) (n int) {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		all.Wait()
	}()
	for {
		select {
		case <-finished:
			return n
		case <-time.After(pause):
			harm()
			n++
		}
	}
}

// TestBackendsTerminated terminates all sessions, repeatedly.
func TestBackendsTerminated(t *testing.T) {
	t.Parallel()
	direct := pgtest.URL(t)
	l := newLedger(t, start(t, direct), direct)
	all := load(t.Context(), t, l, times(15, 300))
	n := while(all, 30*time.Millisecond, func() {
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
	direct := pgtest.URL(t)
	p := start(t, direct)
	l := newLedger(t, p, direct)
	all := load(t.Context(), t, l, times(20, 300))
	n := while(all, 300*time.Millisecond, func() {
		p.kill()
		p.run()
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
	all := load(t.Context(), t, l, times(20, 300))
	n := while(all, 400*time.Millisecond, func() {
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
