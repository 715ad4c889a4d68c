package reqtx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	"commitment/internal/levers"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// counted is a database with one connection, of which a proxy sees all that is said.
func counted(t *testing.T, o txn.Options) (*pgproxy.Proxy, *txn.DB) {
	t.Helper()
	proxy := pgtest.Proxy(t, pgtest.OwnerURL(t))
	pool, err := postgres.Open(postgres.Options{URL: proxy.URL(), MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return proxy, txn.New(pool, o)
}

// TestRoundTrips counts on the wire what a request costs, once its statements are
// prepared, and what its response waits for.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	if !levers.ParkedCommits || !levers.WaitingWrites {
		t.Skip("the table is that of all levers")
	}
	proxy, db := counted(t, txn.Options{})
	atOnce, dbAtOnce := counted(t, txn.Options{CommitReadsAtOnce: true})
	statements := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for range n {
				if err := rowtest.Rename(r.Context(), ent.FromContext(r.Context()), "x"); err != nil {
					writeError(w, r, err)
				}
			}
		}
	}
	read := func(w http.ResponseWriter, r *http.Request) {
		if _, err := rowtest.Count(r.Context(), ent.FromContext(r.Context())); err != nil {
			writeError(w, r, err)
		}
	}
	readNothing := func(w http.ResponseWriter, r *http.Request) {
		read(w, r)
		w.WriteHeader(http.StatusNotFound)
	}
	tests := []struct {
		name    string
		db      *txn.DB
		proxy   *pgproxy.Proxy
		method  string
		handler http.HandlerFunc
		flights []string
	}{
		{"no statement", db, proxy, http.MethodPost, statements(0), nil},
		{"one statement that writes", db, proxy, http.MethodPost, statements(1),
			[]string{"begin isolation level read committed; select pg_current_xact_id; UPDATE", "commit"}},
		{"three statements that write, two of them with COMMIT", db, proxy, http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
			if err := errors.Join(readOrWrite(r), writeWithCommit(r), writeWithCommit(r)); err != nil {
				writeError(w, r, err)
			}
		}, []string{"begin isolation level read committed; select pg_current_xact_id; UPDATE", "INSERT INTO; INSERT INTO; commit"}},
		{"three statements that write", db, proxy, http.MethodPost, statements(3),
			[]string{"begin isolation level read committed; select pg_current_xact_id; UPDATE", "UPDATE", "UPDATE", "commit"}},
		{"one statement that reads, behind another read", db, proxy, http.MethodGet, read,
			[]string{"commit; begin isolation level repeatable read read only; SELECT COUNT"}},
		{"one statement that finds nothing, behind another read", db, proxy, http.MethodGet, readNothing,
			[]string{"commit; begin isolation level repeatable read read only; SELECT COUNT"}},
		{"one statement that reads, whose COMMIT isn't parked", dbAtOnce, atOnce, http.MethodGet, read,
			[]string{"begin isolation level repeatable read read only; SELECT COUNT", "commit"}},
	}
	for _, tt := range tests {
		h := reqtx.Middleware(tt.db, reqtx.Options{WriteError: writeError})(tt.handler)
		serveOnce := func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), tt.method, "/", http.NoBody))
			if w.Code >= http.StatusInternalServerError {
				t.Errorf("%s: status = %d", tt.name, w.Code)
			}
			if err := tt.db.Wait(t.Context()); err != nil { // for what ends after the response
				t.Error(err)
			}
		}
		serveOnce() // connects, and prepares
		serveOnce() // pings, as the connection's first use again
		unlessTimed(t, func() string {
			serveOnce()
			tt.proxy.Reset()
			transcript := tt.proxy.Record()
			serveOnce()
			transcript.Stop()
			if got := tt.proxy.Stats().RoundTrips; got != len(tt.flights) {
				return fmt.Sprintf("%s: round trips = %d, want %d", tt.name, got, len(tt.flights))
			}
			if diff := cmp.Diff(tt.flights, flights(transcript)); diff != "" {
				return fmt.Sprintf("%s: flights (-want +got):\n%s", tt.name, diff)
			}
			return ""
		})
	}
}

// unlessTimed checks something repeatedly, and reports its last finding if there is one
// each time: on a busy machine the time of a parked COMMIT is up before the next request.
func unlessTimed(t *testing.T, check func() (finding string)) {
	t.Helper()
	finding := ""
	for range 30 {
		if finding = check(); finding == "" {
			return
		}
	}
	t.Error(finding)
}

// TestAReadDoesNotWaitForCommit stalls COMMIT: the response comes all the same.
func TestAReadDoesNotWaitForCommit(t *testing.T) {
	t.Parallel()
	for _, o := range []txn.Options{{}, {CommitReadsAtOnce: true}} {
		testAReadDoesNotWaitForCommit(t, o)
	}
}

func testAReadDoesNotWaitForCommit(t *testing.T, o txn.Options) {
	t.Helper()
	proxy, db := counted(t, o)
	fault := proxy.Inject(pgproxy.Fault{Match: pgproxy.AtCommit, Action: pgproxy.Stall})
	h := reqtx.Middleware(db, reqtx.Options{WriteError: writeError})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n, err := rowtest.Count(r.Context(), ent.FromContext(r.Context())); err != nil || n != 0 {
			writeError(w, r, err)
		}
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	if w.Code != http.StatusOK {
		t.Errorf("status = %d, want 200", w.Code)
	}
	if err := fault.Await(t.Context(), 1); err != nil {
		t.Error(err)
	}
	fault.Release()
	if err := db.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestWhatItCosts counts the round trips that a response waits for, and compares them
// with the table of the documentation.
func TestWhatItCosts(t *testing.T) {
	t.Parallel()
	if !levers.WaitingWrites {
		t.Skip("writes do not wait for COMMIT")
	}
	for _, o := range []txn.Options{{}, {CommitReadsAtOnce: true}} {
		proxy, db := counted(t, o)
		for column, method := range map[string]string{
			"reading": http.MethodGet, "writing": http.MethodPost, "writing, all but the first with COMMIT": withCommit,
		} {
			run(t, db, method, 2) // connects, and prepares
			run(t, db, method, 2) // pings, as the connection's first use again
			for _, r := range table(t, "What it costs") {
				n, err := strconv.Atoi(r["statements"])
				if err != nil {
					t.Fatal(err)
				}
				unlessTimed(t, func() string {
					if got := fmt.Sprint(trips(t, proxy, db, method, n)); got != r[column] {
						return fmt.Sprintf("%d statements %s, at once = %v: round trips = %s, want %q", n, column, o.CommitReadsAtOnce, got, r[column])
					}
					return ""
				})
			}
		}
	}
}

// trips has a request run n statements, and returns the round trips before its
// response: a later COMMIT that comes by itself is held back.
func trips(t *testing.T, proxy *pgproxy.Proxy, db *txn.DB, method string, n int) int {
	t.Helper()
	behind := proxy.Inject(pgproxy.Fault{Action: pgproxy.Stall, Match: func(m pgproxy.Message) bool {
		return method == http.MethodGet && m.Name == "Query" && pgproxy.AtCommit(m)
	}})
	proxy.Reset()
	run(t, db, method, n)
	made := proxy.Stats().RoundTrips
	behind.Release()
	if err := db.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	return made
}

// run has a request run n statements.
func run(t *testing.T, db *txn.DB, method string, n int) {
	t.Helper()
	h := reqtx.Middleware(db, reqtx.Options{WriteError: writeError})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range n {
			work := readOrWrite
			if r.Method == withCommit && i > 0 {
				work = writeWithCommit
			}
			if err := work(r); err != nil {
				writeError(w, r, err)
			}
		}
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/", http.NoBody))
	if w.Code != http.StatusOK {
		t.Errorf("%s of %d statements = %d, want 200", method, n, w.Code)
	}
}

// withCommit is the method of requests that write with COMMIT after the first statement.
const withCommit = http.MethodPatch

func writeWithCommit(r *http.Request) error {
	return txn.WithCommit(r.Context(), func(ctx context.Context) error {
		return rowtest.Create(ent.FromContext(ctx), fmt.Sprint("row", rows.Add(1))).SetSubject("written with COMMIT").Exec(ctx)
	})
}

var rows atomic.Int64

// readOrWrite runs one statement.
func readOrWrite(r *http.Request) error {
	client := ent.FromContext(r.Context())
	if r.Method == http.MethodGet {
		_, err := rowtest.Count(r.Context(), client)
		return err
	}
	return rowtest.Rename(r.Context(), client, "x")
}

// flights is the statements that traveled together, each by its first words.
func flights(transcript *pgproxy.Transcript) []string {
	var all []string
	for _, flight := range transcript.Flights() {
		var texts []string
		for _, m := range flight {
			if m.Name != "Execute" && m.Name != "Query" {
				continue
			}
			text, _, _ := strings.Cut(m.SQL, "(")
			if update, _, ok := strings.Cut(text, ` "idempotency_keys"`); ok {
				text = update
			}
			texts = append(texts, text)
		}
		all = append(all, strings.Join(texts, "; "))
	}
	return all
}
