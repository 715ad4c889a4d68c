//go:build e2e

package chaos

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgbouncer"
	"commitment/internal/pgtest/pgproxy"
)

// timeoutsUnsent are the settings of docs/production.md for a PgBouncer that knows no timeouts.
var timeoutsUnsent = []string{"DB_STATEMENT_TIMEOUT=0s", "DB_LOCK_TIMEOUT=0s", "DB_IDLE_IN_TRANSACTION_TIMEOUT=0s"}

// TestBehindPgBouncer has clients work on connections that they share in turn.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		settings []string
		env      []string
	}{
		{name: "that ignores the timeouts", settings: []string{timeoutsIgnored}},
		{name: "that isn't sent the timeouts", env: timeoutsUnsent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			direct := pgtest.OwnerURL(t)
			l := newLedger(t, start(t, pooled(t, pgtest.LoginURL(t, direct), tt.settings...), tt.env...), direct)
			all := load(t.Context(), t, l, times(15, 500))
			for range 4 {
				all.Go(func() { l.watch(t.Context(), times(30, 1000)) })
			}
			all.Go(func() { l.race(t.Context(), times(5, 200)) })
			all.Wait()
			l.audit("through a PgBouncer " + tt.name)
			l.wantTransactions()
			l.wantCount("sessions of the service", pgbouncer.DefaultPoolSize, `SELECT count(*) FROM pg_stat_activity
				WHERE datname = current_database() AND application_name = 'commitment'`)
			l.wantCount("advisory locks that were left", 0, `SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
				WHERE locktype = 'advisory' AND datname = current_database()`)
		})
	}
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

// watch reads the books, again and again: in one moment of the database they are even.
func (l *ledger) watch(ctx context.Context, n int) {
	for range n {
		status, body, err := l.get(ctx, "/v1/trial-balance")
		if err != nil || status != http.StatusOK || !bytes.Contains(body, []byte(`"sum":0}`)) {
			l.t.Errorf("trial balance = %d %s, %v, want 200 and a sum of 0", status, body, err)
			return
		}
	}
}

// race sends each of n transfers several times at once, with one key: it is done
// once, and the answers are success or that it is being worked on.
func (l *ledger) race(ctx context.Context, n int) {
	for i := range n {
		key := fmt.Sprint("race", i)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for l.transfer(ctx, key) != done && ctx.Err() == nil {
				}
			})
		}
		all.Wait()
	}
}

// wantTransactions compares the ids that PostgreSQL gave to the transactions that
// wrote the rows: all rows of a transfer have one, and no other transfer has it.
func (l *ledger) wantTransactions() {
	l.t.Helper()
	l.wantCount("transfers in pieces, or in each other's transaction", 0, `
		SELECT count(*) FROM (
			SELECT xmin::text AS xid, id AS transfer FROM transfers
			UNION ALL SELECT xmin::text, transfer_id FROM entries
		) rows GROUP BY xid HAVING count(*) <> 3 OR count(DISTINCT transfer) <> 1`)
}

// wantCount runs a query that counts; no row is none.
func (l *ledger) wantCount(what string, most int, query string) {
	l.t.Helper()
	var n int
	if err := l.db.QueryRowContext(l.t.Context(), query).Scan(&n); err != nil && !errors.Is(err, sql.ErrNoRows) {
		l.t.Fatal(err)
	}
	if n > most {
		l.t.Errorf("%s = %d, want at most %d", what, n, most)
	}
}

// TestPgBouncerCutAtCommit cuts the connection at COMMIT, on either side of PgBouncer:
// the server can still be asked.
func TestPgBouncerCutAtCommit(t *testing.T) {
	t.Parallel()
	for name, moment := range map[string]pgproxy.Moment{"before": pgproxy.Before, "after": pgproxy.Answered} {
		t.Run("the service's, "+name+" it is done", func(t *testing.T) {
			t.Parallel()
			direct := pgtest.OwnerURL(t)
			proxy := pgtest.Proxy(t, pooled(t, pgtest.LoginURL(t, direct), timeoutsIgnored))
			newLedger(t, start(t, proxy.URL()), direct).cutAtCommit(proxy, moment, times(6, 300))
		})
		t.Run("PgBouncer's, "+name+" it is done", func(t *testing.T) {
			t.Parallel()
			direct := pgtest.OwnerURL(t)
			proxy := pgtest.Proxy(t, direct)
			url := pooled(t, pgtest.LoginURL(t, proxy.URL()), timeoutsIgnored)
			newLedger(t, start(t, url), direct).cutAtCommit(proxy, moment, times(6, 300))
		})
	}
}

// TestPgBouncerKilled kills PgBouncer under load and restarts it.
func TestPgBouncerKilled(t *testing.T) {
	t.Parallel()
	direct := pgtest.OwnerURL(t)
	p := pgbouncer.Start(t, pgtest.LoginURL(t, direct), pgbouncer.Options{Settings: []string{timeoutsIgnored}})
	l := newLedger(t, start(t, inMode(t, p, "cache_describe"), traced), direct)
	n := times(4, 100)
	l.harm(n, func() {
		p.Kill()
		p.Run()
	})
	l.audit(fmt.Sprintf("PgBouncer killed %d times", n))
	l.wantTransactions()
}

// TestPostgresKilledBehindPgBouncer makes PostgreSQL crash without the service
// noticing, because PgBouncer keeps the connection. If the response to a COMMIT is then
// lost, the service can't tell whether its id was assigned before or after the crash:
// while it is in progress, it may still be committed.
func TestPostgresKilledBehindPgBouncer(t *testing.T) {
	t.Parallel()
	options := pgserver.Options{Dir: pgtest.ReachableDir(t)}
	server := pgtest.StartServer(t, options)
	pgtest.Migrate(t, server.URL("postgres"))
	behind := pgtest.Proxy(t, server.URL("postgres"))
	proxy := pgtest.Proxy(t, pooled(t, pgtest.LoginURL(t, behind.URL()), timeoutsIgnored))
	// Workers would have PgBouncer log in while the server is down, and then wait.
	l := newLedger(t, start(t, proxy.URL(), "DB_MAX_OPEN_CONNS=1", "DB_MAX_IDLE_CONNS=1", "JOBS_WORKERS=0"), behind.URL())
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	server = pgtest.StartServer(t, options)
	if err := behind.Redirect(server.URL("postgres")); err != nil {
		t.Fatal(err)
	}

	slow := holdCommits(t, server.URL("postgres"))
	cut := proxy.Inject(pgproxy.Fault{Match: pgproxy.AtCommit, Moment: pgproxy.Sent, Times: 1})
	asked := proxy.Inject(pgproxy.Fault{
		Match: pgproxy.AtStatement("pg_xact_status"), Moment: pgproxy.Answered, Action: pgproxy.Delay, Times: 1,
	})
	var released atomic.Bool
	go func() {
		if asked.Await(t.Context(), 1) == nil {
			slow()
			released.Store(true)
		}
	}()
	l.transfer(t.Context(), "")
	if cut.Fired() != 1 || !released.Load() {
		t.Errorf("cut = %d, asked for the outcome = %v, want both", cut.Fired(), released.Load())
	}
	l.audit("PostgreSQL crashed behind PgBouncer, and a COMMIT was still in progress when it was asked for")
}

// holdCommits has COMMITs of transfers wait until the function that it returns is
// called.
func holdCommits(t *testing.T, url string) (release func()) {
	t.Helper()
	const id = "4711"
	db := pgtest.Open(t, url)
	if _, err := db.ExecContext(t.Context(), `
		CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_advisory_xact_lock_shared(`+id+`); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER held AFTER INSERT ON transfers DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION hold()`); err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "SELECT pg_advisory_lock("+id+")"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(t.Context(), "SELECT pg_advisory_unlock("+id+")"); err != nil {
			t.Error(err)
		}
		_ = conn.Close()
	}
}

// dialReset dials a connection that is reset when it is closed: only then its client is
// gone, and hasn't just sent all that it has to say.
func dialReset(ctx context.Context, network, addr string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return conn, conn.(*net.TCPConn).SetLinger(0)
}

// TestClientsGoAwayBehindPgBouncer has clients disconnect while their statements wait
// for a lock: each is canceled through PgBouncer, which survives that.
func TestClientsGoAwayBehindPgBouncer(t *testing.T) {
	t.Parallel()
	direct := pgtest.OwnerURL(t)
	l := newLedger(t, start(t, pooled(t, pgtest.LoginURL(t, direct), timeoutsIgnored)), direct)
	l.client.Transport = &http.Transport{DialContext: dialReset}
	for range times(2, 100) {
		lock, err := l.db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lock.ExecContext(t.Context(), "SELECT FROM accounts FOR UPDATE"); err != nil {
			t.Fatal(err)
		}
		gone, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range pgbouncer.DefaultPoolSize - 1 {
			all.Go(func() { l.transfer(gone, "") })
		}
		waiting := func(n int) func() bool {
			return func() bool {
				var waiting int
				err := l.db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
					WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
				return err == nil && waiting == n
			}
		}
		pgtest.WaitFor(t, "all statements wait for the lock", waiting(pgbouncer.DefaultPoolSize-1))
		leave()
		pgtest.WaitFor(t, "all statements are canceled", waiting(0))
		all.Wait()
		if err := lock.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	if v := l.transfer(t.Context(), ""); v != done {
		t.Errorf("told %q, want %q", v, done)
	}
	l.audit("clients went away behind PgBouncer")
}
