package app

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

// newReadiness returns the readiness of a service on the database at url.
func newReadiness(t *testing.T, url string) *readiness {
	t.Helper()
	r, err := openReadiness(postgres.Options{URL: url, MaxOpenConns: 15, PingAfter: time.Second, ConnectTimeout: time.Minute}, false)
	check(t, err)
	t.Cleanup(func() { _ = r.pool.Close() })
	return r
}

func TestReadiness(t *testing.T) {
	t.Parallel()

	t.Run("is true on a migrated database", func(t *testing.T) {
		t.Parallel()
		r := newReadiness(t, pgtest.URL(t))
		check(t, r.check(t.Context()))
	})

	t.Run("is false once a shutdown has begun", func(t *testing.T) {
		t.Parallel()
		r := newReadiness(t, pgtest.URL(t))
		check(t, r.check(t.Context()))
		r.close()
		wantError(t, r.check(t.Context()), "shutting down")
	})

	t.Run("is false while migrations are pending, and true as soon as they are applied", func(t *testing.T) {
		t.Parallel()
		r := newReadiness(t, pgtest.EmptyURL(t))
		wantError(t, r.check(t.Context()), "migrations are pending: run `commitment migrate apply --phase expand`")
		_, err := migration.Apply(t.Context(), r.pool, r.dir, migration.ApplyOptions{})
		check(t, err)
		check(t, r.check(t.Context()))
	})

	t.Run("is true while only a migration that contracts is pending", func(t *testing.T) {
		t.Parallel()
		r := newReadiness(t, pgtest.EmptyURL(t))
		_, err := migration.Apply(t.Context(), r.pool, r.dir, migration.ApplyOptions{})
		check(t, err)
		files, err := r.dir.Files()
		check(t, err)
		with := func(name, text string) {
			files = append(files, migrate.NewLocalFile(name, []byte(text)))
			next := &migrate.MemDir{}
			check(t, next.CopyFiles(files))
			r.dir = next
		}
		with("29990101000000_a_contract.sql", "SELECT 1;\n")
		check(t, r.check(t.Context()))
		r.migrated.Store(false)
		with("29990102000000_b.sql", "SELECT 1;\n")
		wantError(t, r.check(t.Context()), "(1 pending)")
	})

	t.Run("checks the migrations until they are applied, and then no more", func(t *testing.T) {
		t.Parallel()
		url := pgtest.OwnerURL(t)
		r := newReadiness(t, pgtest.AppURL(t, url))
		check(t, r.check(t.Context()))
		_, err := pgtest.Open(t, url).ExecContext(t.Context(), "DROP TABLE atlas_schema_revisions")
		check(t, err)
		check(t, r.check(t.Context()))
	})

	t.Run("is false while the database is read-only", func(t *testing.T) {
		t.Parallel()
		url := pgtest.URL(t)
		r := newReadiness(t, url+"&default_transaction_read_only=on")
		wantError(t, r.check(t.Context()), "read-only")
		r.migrated.Store(true)
		wantError(t, r.check(t.Context()), "read-only")
	})

	t.Run("is false while there is no database", func(t *testing.T) {
		t.Parallel()
		const unreachable = "postgres://127.0.0.1:1/none?connect_timeout=1"
		r := newReadiness(t, unreachable)
		wantError(t, r.check(t.Context()), "connect")
		r.migrated.Store(true)
		wantError(t, r.check(t.Context()), "connect")
	})
}

// TestReadinessOfAStoppedServer stops all processes of a server, which then accepts
// connections but doesn't respond.
func TestReadinessOfAStoppedServer(t *testing.T) {
	t.Parallel()
	server := pgtest.StartServer(t, pgserver.Options{})
	r := newReadiness(t, server.URL("postgres"))
	r.migrated.Store(true)
	check(t, r.check(t.Context()))
	resume := stopServer(t, server)
	defer resume()

	for range 2 { // on the open connection, and without one
		if err := r.check(t.Context()); !errors.Is(err, errNoResponse) {
			t.Errorf("check() = %v, want %v", err, errNoResponse)
		}
	}
	if inUse := r.pool.Stats().InUse; inUse != 1 {
		t.Errorf("connections in use = %d, want 1: the check doesn't wait for the statement's end", inUse)
	}
	unknown := newReadiness(t, server.URL("postgres"))
	if err := unknown.check(t.Context()); !errors.Is(err, errNoResponse) {
		t.Errorf("check() = %v of a service without a connection, want %v", err, errNoResponse)
	}

	resume()
	pgtest.WaitFor(t, "the service is ready again", func() bool { return r.check(t.Context()) == nil })
}

// TestReadinessDoesNotWaitForThePool checks readiness while requests hold all
// connections of the service.
func TestReadinessDoesNotWaitForThePool(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	pool := openPool(t, url)
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(t.Context())
	check(t, err)
	defer func() { _ = conn.Close() }()
	s, err := newService(parts{
		cfg: load(t, "DATABASE_URL="+url), log: slog.New(slog.DiscardHandler),
		pool: pool, copies: &replicaPools{}, ready: newReadiness(t, url),
	})
	check(t, err)
	w := httptest.NewRecorder()
	s.server.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody))
	if w.Code != http.StatusOK || pool.Stats().WaitCount != 0 {
		t.Errorf("GET /readyz = %d %s, %d waited for the pool, want 200 and none", w.Code, w.Body, pool.Stats().WaitCount)
	}
}

// stopServer stops the postmaster and all sessions, and returns a function that resumes
// them.
func stopServer(t *testing.T, server *pgserver.Server) (resume func()) {
	t.Helper()
	pids := []int{server.Pid()}
	rows, err := pgtest.Open(t, server.URL("postgres")).QueryContext(t.Context(), "SELECT pid FROM pg_stat_activity")
	check(t, err)
	defer func() { check(t, rows.Close()) }()
	for rows.Next() {
		var pid int
		check(t, rows.Scan(&pid))
		pids = append(pids, pid)
	}
	check(t, rows.Err())
	signal := func(s syscall.Signal) {
		for _, pid := range pids {
			_ = syscall.Kill(pid, s) // a worker may have ended
		}
	}
	signal(syscall.SIGSTOP)
	return func() { signal(syscall.SIGCONT) }
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error = %v, want one with %q", err, text)
	}
}
