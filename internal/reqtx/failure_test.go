package reqtx_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"commitment/ent"
	"commitment/ent/idempotencykey"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/problem"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// failure is something that fails, while a request writes a row.
type failure struct {
	what, when string
	attempts   int // that fail
}

// always means in all attempts.
const always = 1000

// sqlstateIn finds a SQLSTATE in what fails.
var sqlstateIn = regexp.MustCompile(`\((\w{5})\)$`)

// sqlstate is what the server says; empty when it is the connection that fails.
func (f failure) sqlstate() string {
	if match := sqlstateIn.FindStringSubmatch(f.what); match != nil {
		return match[1]
	}
	return ""
}

// The failures that aren't a SQLSTATE of the server.
const (
	connection      = "the connection"
	everyConnection = "the connection and every other one"
	ignored         = "an error that the handler ignores (23505)"
)

// moments are where a connection is cut.
var moments = map[string]pgproxy.Fault{
	"in a statement":        {Match: pgproxy.AtStatement(`INSERT INTO "idempotency_keys"`), Moment: pgproxy.Before},
	"before COMMIT arrives": {Match: pgproxy.AtCommit, Moment: pgproxy.Before},
	"after COMMIT is done":  {Match: pgproxy.AtCommit, Moment: pgproxy.Answered},
}

// TestWhatCanFail has every row of the documentation's table fail, once and always.
func TestWhatCanFail(t *testing.T) {
	t.Parallel()
	rows := table(t, "What can fail on the way")
	wantVocabulary(t, rows, "when", []string{"in a statement", "at COMMIT", "before COMMIT arrives", "after COMMIT is done"})
	for _, r := range rows {
		for _, what := range alternatives(r["what fails"]) {
			for _, when := range alternatives(r["when"]) {
				t.Run(what+" "+when, func(t *testing.T) {
					t.Parallel()
					failure{what, when, 1}.check(t, r)
					failure{what, when, always}.check(t, r)
				})
			}
		}
	}
}

// check compares what becomes of a request with what a row says.
func (f failure) check(t *testing.T, r row) {
	t.Helper()
	s := startFailing(t, f)
	attempts, response := s.send(t)
	wantAttempts, wantResponse, work := 1, r["the client gets"], r["the transaction is"]
	switch {
	case r["retried"] == "yes" && f.attempts == 1:
		wantAttempts, wantResponse, work = 2, "the response", "committed"
	case r["retried"] == "yes":
		wantAttempts = 3
	}
	if wantResponse == "the response" {
		wantResponse = "201 "
	}
	if attempts != wantAttempts || response != wantResponse {
		t.Errorf("fails in %d attempts: %d attempts, response %q, want %d and %q", f.attempts, attempts, response, wantAttempts, wantResponse)
	}
	if work == "unknown" {
		return // may be either
	}
	kept, err := rowtest.Query(s.direct.Client(), idempotencykey.KeyHasPrefix("row")).Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{"committed": 1, "rolled back": 0}[work]; kept != want {
		t.Errorf("fails in %d attempts: rows = %d, want %d", f.attempts, kept, want)
	}
}

// failing is a service whose database fails.
type failing struct {
	f        failure
	direct   *txn.DB // bypasses the proxy
	handler  http.Handler
	problems *problem.Writer
	attempts int
}

func startFailing(t *testing.T, f failure) *failing {
	t.Helper()
	url := pgtest.OwnerURL(t)
	proxy := pgtest.Proxy(t, url)
	quiet, timeout := slog.New(slog.DiscardHandler), time.Minute
	if f.what == everyConnection {
		timeout = 200 * time.Millisecond
	}
	open := func(url string) *txn.DB {
		pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: 2, MaxIdleConns: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pool.Close() })
		return txn.New(pool, txn.Options{OutcomeTimeout: timeout, Log: quiet})
	}
	s := &failing{f: f, direct: open(url), problems: &problem.Writer{Log: quiet, Classify: postgres.Constraints{}.Classify}}
	s.handler = reqtx.Middleware(open(proxy.URL()), reqtx.Options{WriteError: s.problems.Write})(http.HandlerFunc(s.serve))
	if _, err := pgtest.Open(t, url).ExecContext(t.Context(), `
		CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE 'as asked' USING ERRCODE = split_part(NEW.key, ' ', 2); END $$;
		CREATE CONSTRAINT TRIGGER failed AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW WHEN (NEW.key LIKE 'row %') EXECUTE FUNCTION fail()`); err != nil {
		t.Fatal(err)
	}
	switch {
	case f.what == connection, f.what == everyConnection:
		s.cut(proxy)
	case f.sqlstate() == "":
		t.Fatalf("nothing is known that is %q", f.what)
	}
	return s
}

// cut has the proxy cut the connection.
func (s *failing) cut(proxy *pgproxy.Proxy) {
	fault := moments[s.f.when]
	if s.f.attempts != always {
		fault.Times = s.f.attempts
	}
	proxy.Inject(fault)
	if s.f.what == everyConnection {
		proxy.Inject(pgproxy.Fault{Match: pgproxy.AtStatement("pg_xact_status")}) // nobody can be asked
	}
}

// serve reads, so that the transaction has begun, and writes a row.
func (s *failing) serve(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	s.attempts = txn.Attempt(ctx)
	fails, name := s.attempts <= s.f.attempts, "row"
	_, err := rowtest.Count(ctx, ent.FromContext(ctx))
	if err == nil && fails && s.f.sqlstate() != "" {
		switch s.f.when {
		case "in a statement":
			err = raise(ctx, s.f.sqlstate())
		case "at COMMIT":
			name = "row " + s.f.sqlstate()
		}
	}
	if err == nil {
		err = insert(r, name)
	}
	if err != nil && s.f.what != ignored {
		s.problems.Write(w, r, err)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

// send sends a request and returns how often it was begun, and its status with the
// code of its problem.
func (s *failing) send(t *testing.T) (attempts int, response string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody))
	var said struct{ Type string }
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
			t.Errorf("body = %q: %v", w.Body, err)
		}
	}
	return s.attempts, fmt.Sprint(w.Code, " ", strings.TrimPrefix(said.Type, "urn:problem-type:"))
}
