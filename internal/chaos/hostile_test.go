package chaos

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// hostileSchema is what the hostile handlers work on.
const hostileSchema = `
	CREATE TABLE parent (id bigint PRIMARY KEY);
	CREATE TABLE work (tag text NOT NULL, parent bigint REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
	CREATE SEQUENCE numbers;
	CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
	CREATE FUNCTION enter(tenant text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', tenant, false) $$;
	CREATE FUNCTION count(tenant text) RETURNS text LANGUAGE sql AS $$ SELECT enter(tenant) $$;
	CREATE TABLE idempotency_keys (id uuid PRIMARY KEY, created_at timestamptz, tenant_id uuid, subject text, key text UNIQUE,
		fingerprint bytea, status bigint, header jsonb, body bytea, expires_at timestamptz);
	CREATE FUNCTION insert_work() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO work VALUES (split_part(NEW.key, '#', 1)); RETURN NULL; END $$;
	CREATE TRIGGER works AFTER INSERT ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION insert_work();
	CREATE FUNCTION has_entered(tenant text) RETURNS text LANGUAGE sql AS $$ SELECT enter(tenant) $$;`

// hostilePlaces is how many connections the service has.
const hostilePlaces = 3

// call is a request to a hostile handler.
type call struct {
	*hostileService
	reads bool
	ctx   context.Context //nolint:containedctx // of the request
	sql   txn.SQL
	tag   string
	over  chan struct{} // closed when the request has been answered
	done  *atomic.Int64 // rows that the attempt has written
}

// insert writes a row, unless the request is a GET. Hostile handlers ignore its error.
func (c *call) insert() error {
	if c.reads {
		return nil
	}
	_, err := c.sql.ExecContext(c.ctx, "INSERT INTO work VALUES ($1)", c.tag)
	if err == nil {
		c.done.Add(1)
	}
	return err
}

func (c *call) exec(query string) { _, _ = c.sql.ExecContext(c.ctx, query) }

// in runs f in a goroutine that outlasts the request; the test waits for it.
func (c *call) in(f func()) { c.strays.Go(f) }

// hostileService is a service with one route for each handler.
type hostileService struct {
	t      rapid.TB        // who is told; of the test, or of a drawn case
	ctx    context.Context //nolint:containedctx // of the test
	pool   *sql.DB         // the service's
	db     *txn.DB
	server *httptest.Server
	direct *sql.DB // the test's own way to the database
	clean  string  // a session as it should be
	strays sync.WaitGroup

	mu    sync.Mutex
	over  chan struct{}
	last  *call // the last attempt
	tags  int
	drawn hostile // what the route of that name runs
}

// serveHostile runs the handlers on the pool at url.
func serveHostile(t *testing.T, url, direct string) *hostileService {
	t.Helper()
	s := &hostileService{t: t, ctx: t.Context(), direct: pgtest.Open(t, direct)}
	if _, err := s.direct.ExecContext(t.Context(), hostileSchema); err != nil {
		t.Fatal(err)
	}
	pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: hostilePlaces, MaxIdleConns: hostilePlaces, PingAfter: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s.pool = pool
	s.db = txn.New(pool, txn.Options{
		EndTimeout: 300 * time.Millisecond, AcquireTimeout: 20 * time.Second, MaxAttempts: 2, Log: slog.New(slog.DiscardHandler),
	})
	mux := http.NewServeMux()
	for name, h := range hostileHandlers {
		mux.HandleFunc("/"+strings.ReplaceAll(name, " ", "_"), func(w http.ResponseWriter, r *http.Request) { s.handle(w, r, h) })
	}
	mux.HandleFunc("/drawn", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		h := s.drawn
		s.mu.Unlock()
		s.handle(w, r, h)
	})
	s.server = httptest.NewUnstartedServer(reqtx.Middleware(s.db, reqtx.Options{WriteError: func(w http.ResponseWriter, _ *http.Request, err error) {
		status := http.StatusInternalServerError
		if errors.Is(err, txn.ErrPoolTimeout) {
			status = http.StatusServiceUnavailable
		}
		http.Error(w, err.Error(), status)
	}})(mux))
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // panics are part of the tests
	s.server.Start()
	t.Cleanup(func() {
		s.server.Close()
		s.strays.Wait()
		_ = s.db.Wait(context.Background())
		_ = pool.Close()
	})
	s.clean = s.sessions()[0]
	return s
}

func (s *hostileService) handle(w http.ResponseWriter, r *http.Request, h hostile) {
	tx, err := txn.SQLFromContext(r.Context())
	if err != nil {
		s.t.Error(err)
		return
	}
	c := &call{
		hostileService: s, reads: r.Method == http.MethodGet, ctx: r.Context(), sql: tx, tag: r.Header.Get("X-Tag"), done: &atomic.Int64{},
	}
	s.mu.Lock()
	c.over, s.last = s.over, c
	s.mu.Unlock()
	h.run(c)
	status := http.StatusCreated
	if r.Header.Get("X-Refuse") != "" {
		status = http.StatusUnprocessableEntity
	}
	w.WriteHeader(status)
}

// send sends a request to a handler, and returns the status, or aborted.
func (s *hostileService) send(name, method string, refuse bool) (status int, tag string) {
	s.t.Helper()
	over := make(chan struct{})
	s.mu.Lock()
	s.tags++
	s.over, tag = over, fmt.Sprintf("%s %s %d", name, method, s.tags)
	s.mu.Unlock()
	defer close(over)
	req, err := http.NewRequestWithContext(s.ctx, method, s.server.URL+"/"+strings.ReplaceAll(name, " ", "_"), http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Tag", tag)
	if refuse {
		req.Header.Set("X-Refuse", "yes")
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return aborted, tag
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, tag
}

// written is how many rows the last attempt has written.
func (s *hostileService) written() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.done.Load()
}

// rows is how many rows a request has left.
func (s *hostileService) rows(tag string) (n int) {
	s.t.Helper()
	if err := s.direct.QueryRowContext(s.ctx, "SELECT count(*) FROM work WHERE tag = $1", tag).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// sessions describes the sessions that the service's requests get: what a user of
// theirs could see of those before. All places are taken at once, each in a
// transaction, so that behind a pooler all of its connections are seen.
func (s *hostileService) sessions() (seen []string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	var places []*sql.Tx
	defer func() {
		for _, tx := range places {
			_ = tx.Rollback()
		}
	}()
	for range hostilePlaces {
		tx, err := s.pool.BeginTx(ctx, nil)
		if err != nil {
			s.t.Fatalf("a place of the pool is gone: %v", err)
		}
		places = append(places, tx)
		var session string
		err = tx.QueryRowContext(ctx, `SELECT concat_ws(E'\n', current_user, session_user, 'tenant='||coalesce(current_setting('app.tenant', true), ''),
			(SELECT string_agg(name||'='||setting, E'\n' ORDER BY name) FROM pg_settings WHERE context IN ('user', 'superuser') AND name !~ '^(transaction_|plpgsql)'),
			'locks='||(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
			'listens='||(SELECT count(*) FROM pg_listening_channels()),
			'cursors='||(SELECT count(*) FROM pg_cursors WHERE is_holdable),
			'prepared='||(SELECT count(*) FROM pg_prepared_statements WHERE name !~ '^(stmt|commitment )'),
			'temporary='||(SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relnamespace = pg_my_temp_schema()))`).Scan(&session)
		if err != nil {
			s.t.Fatalf("a session can't be used: %v", err)
		}
		seen = append(seen, session)
	}
	return seen
}

// wantWhole checks that nothing is left of the earlier requests: in the pool, in the
// sessions, on the server or on the disk.
func (s *hostileService) wantWhole() {
	s.t.Helper()
	s.strays.Wait()
	_ = s.db.Wait(s.ctx)
	s.eventually("places in use", "0", func() string { return fmt.Sprint(s.pool.Stats().InUse) })
	for _, session := range s.sessions() {
		if session != s.clean {
			s.t.Errorf("a session isn't clean (-clean +this):\n%s", gocmp.Diff(s.clean, session))
		}
	}
	s.eventually("sessions in a transaction", "0", func() string {
		var n string
		if err := s.direct.QueryRowContext(s.ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`).Scan(&n); err != nil {
			s.t.Fatal(err)
		}
		return n
	})
	s.eventually("temporary files", "0", func() string { return fmt.Sprint(heldFiles(s.t)) })
}

// eventually waits for what get returns to be want.
func (s *hostileService) eventually(what, want string, get func() string) {
	s.t.Helper()
	end, tick := time.After(time.Minute), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		got := get()
		if got == want {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			s.t.Errorf("%s = %s, want %s", what, got, want)
			return
		}
	}
}

// heldFiles counts the files that hold responses, if the system tells.
func heldFiles(t rapid.TB) (n int) {
	t.Helper()
	const open = "/proc/self/fd"
	entries, err := os.ReadDir(open)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if path, err := os.Readlink(open + "/" + e.Name()); err == nil && strings.Contains(path, "/response-") {
			n++
		}
	}
	return n
}

// TestHostileHandlers runs each handler to a success, to an error, and as a GET: the
// response and the rows agree, and the next request finds everything as it was.
func TestHostileHandlers(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name string
		url  func(t *testing.T, direct string) string
	}{
		{"on PostgreSQL", func(_ *testing.T, direct string) string { return direct }},
		{"through PgBouncer", func(t *testing.T, direct string) string {
			t.Helper()
			return pooled(t, direct, timeoutsIgnored)
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			direct := pgtest.EmptyURL(t)
			s := serveHostile(t, way.url(t, direct), direct)
			for name, h := range hostileHandlers {
				t.Run(name, func(t *testing.T) { s.try(t, name, h) })
			}
		})
	}
}

// try sends all kinds of requests to one handler.
func (s *hostileService) try(t *testing.T, name string, h hostile) {
	t.Helper()
	s.t = t
	status, tag := s.send(name, http.MethodPost, false)
	if rows := s.rows(tag); status != h.want && h.want != either || (status == kept) != (rows > 0) {
		t.Errorf("POST = %d with %d rows, want %d, and rows with a success alone", status, rows, h.want)
	}
	s.wantWhole()
	want := http.StatusUnprocessableEntity
	if h.want == aborted {
		want = aborted
	}
	status, tag = s.send(name, http.MethodPost, true)
	if rows := s.rows(tag); status != want || rows > 0 {
		t.Errorf("POST that is refused = %d with %d rows, want %d without", status, rows, want)
	}
	s.wantWhole()
	status, tag = s.send(name, http.MethodGet, false)
	want = cmp.Or(h.get, h.want)
	if rows := s.rows(tag); status != want && want != either || rows > 0 {
		t.Errorf("GET = %d with %d rows, want %d without", status, rows, want)
	}
	s.wantWhole()
}
