package reqtx_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"commitment/internal/levers"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// mode is a mode of a transaction.
type mode sql.TxOptions

func (m mode) serializable() bool { return m.Isolation == sql.LevelSerializable }

var modes = []mode{
	mode(txn.ReadOnly), mode(txn.ReadWrite), mode(txn.Serializable),
	{Isolation: sql.LevelSerializable, ReadOnly: true},
}

// TestRequestsDoWhatTheTablesSay runs random handlers. -rapid.checks sets how many of
// each kind.
func TestRequestsDoWhatTheTablesSay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		method  string
		actions []action
	}{
		{"savepoints", http.MethodPost, []action{insertion, conflict, read, savepoint, savepoint, savepoint, after, after}},
		{"decisions", http.MethodPost, []action{insertion, insertion, conflict, after, rollback, commit, status, status, header, write}},
		{"retries", http.MethodPost, []action{insertion, serialize, unlucky, refused, savepoint, savepoint, after, header, write}},
		{"reads", http.MethodGet, []action{read, read, write, write, write, status, setMode, after, flush, insertion, rollback}},
		{"streams", http.MethodPost, []action{insertion, stream, stream, write, after, savepoint, refused, unlucky, serialize, rollback, status}},
		{"modes", http.MethodGet, []action{setMode, setMode, insertion, insertion, read, savepoint, after, conflict, stream, write}},
		{"writes with COMMIT", http.MethodPost, []action{
			later, later, later, later, doomed, insertion, insertion, read, conflict, refused, unlucky, serialize, savepoint, savepoint, rollback, commit, stream, status, after,
		}},
		{"everything", http.MethodPost, []action{
			insertion, insertion, insertion, later, later, doomed, conflict, refused, unlucky, serialize, read, savepoint, savepoint, setMode,
			rollback, commit, after, after, header, status, write, write, flush, stream, cancel, panics, abort, goexit,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !levers.WaitingWrites { // the model is that of writes that wait
				tt.actions = slices.DeleteFunc(tt.actions, func(a action) bool { return a == later || a == doomed })
			}
			s := startHarness(t)
			rapid.Check(t, func(t *rapid.T) {
				steps := drawHandler(t, tt.actions)
				want := expect(tt.method, steps)
				got := s.execute(t, tt.method, steps)
				if !want.Response.Whole && bodiless(got.Response.Status) {
					got.Response = response{} // it was cut where nobody can see it
				}
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%s %#v\n(-tables +request):\n%s", tt.method, steps, diff)
				}
			})
		})
	}
}

// drawHandler draws what a handler does, and sometimes a bad end.
func drawHandler(t *rapid.T, actions []action) []step {
	steps := drawSteps(t, actions, 3)
	if rapid.IntRange(0, 5).Draw(t, "bad end") == 5 {
		steps = append(steps, step{do: rapid.SampledFrom([]action{cancel, panics, abort, goexit}).Draw(t, "end")})
	}
	number(steps, new(int))
	return steps
}

// drawSteps draws what a handler, or a part of it, does.
func drawSteps(t *rapid.T, actions []action, depth int) []step {
	steps := make([]step, rapid.IntRange(0, 7).Draw(t, "steps"))
	for i := range steps {
		s := step{do: rapid.SampledFrom(actions).Draw(t, "action"), stops: rapid.Bool().Draw(t, "stops")}
		switch s.do {
		case savepoint:
			if depth > 0 {
				s.part = drawSteps(t, actions, depth-1)
			}
			s.fails = rapid.Bool().Draw(t, "fails")
		case later, doomed:
			s.fails = rapid.Bool().Draw(t, "fails")
		case serialize, unlucky:
			s.n = rapid.IntRange(1, attempts+1).Draw(t, "attempts that fail")
		case setMode:
			s.n = rapid.IntRange(0, len(modes)-1).Draw(t, "mode")
		case after:
			s.n = rapid.IntRange(0, 2).Draw(t, "its end")
		case status:
			s.n = rapid.SampledFrom([]int{200, 204, 304, 399, 400, 400, 503}).Draw(t, "status")
		case write:
			s.n = rapid.SampledFrom([]int{0, 1, 100, maxMemory, maxMemory + 1, maxResponse, maxResponse + 1}).Draw(t, "bytes")
		default:
		}
		steps[i] = s
	}
	return steps
}

// number gives each step an id.
func number(steps []step, last *int) {
	for i := range steps {
		*last++
		steps[i].id = *last
		number(steps[i].part, last)
	}
}

// harness is a server that executes one handler after the other.
type harness struct {
	url  string
	db   *txn.DB
	pool *sql.DB
	runs int

	current *execution
}

// startHarness starts a server with a database of its own. The pool has one
// connection, so that a request that needs another, or leaks it, fails.
func startHarness(t *testing.T) *harness {
	t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: pgtest.OwnerURL(t), MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	if _, err := pool.ExecContext(t.Context(), `
		INSERT INTO idempotency_keys (id, created_at, subject, key, fingerprint, status, header, body, expires_at)
		VALUES (gen_random_uuid(), now(), 'row', 'taken', '', 0, '{}', '', now());
		CREATE FUNCTION decide() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF NEW.key LIKE 'refused%' THEN RAISE 'as asked' USING ERRCODE = '23514'; END IF;
			IF NEW.key LIKE 'unlucky%' THEN RAISE 'as asked' USING ERRCODE = '40001'; END IF;
			RETURN NULL;
		END $$;
		CREATE CONSTRAINT TRIGGER decided AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION decide()`); err != nil {
		t.Fatal(err)
	}
	s := &harness{pool: pool, db: txn.New(pool, txn.Options{
		MaxAttempts: attempts, AcquireTimeout: 10 * time.Second, Log: slog.New(slog.DiscardHandler),
	})}
	server := httptest.NewUnstartedServer(s.handler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // panics are part of the tests
	server.Start()
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *harness) handler() http.Handler {
	inner := reqtx.Middleware(s.db, reqtx.Options{
		MaxMemory: maxMemory, MaxResponse: maxResponse,
		WriteError: func(w http.ResponseWriter, _ *http.Request, err error) { respondError(w, err) },
	})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.current.serve(w, r) }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(s.current.ended)
		inner.ServeHTTP(w, r)
	})
}

func respondError(w http.ResponseWriter, err error) {
	w.Header().Set("X-Error", class(err))
	w.WriteHeader(statusOfErr)
}

// execute sends a request that does the steps, and looks at what came of it.
func (s *harness) execute(t *rapid.T, method string, steps []step) result {
	s.runs++
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p := &execution{steps: steps, prefix: fmt.Sprintf("%d-", s.runs), disconnect: cancel, ended: make(chan struct{})}
	s.current = p
	got := p.ask(ctx, t, method, s.url)
	<-p.ended
	if err := s.db.Wait(context.WithoutCancel(ctx)); err != nil {
		t.Fatal(err)
	}
	if p.wrong != "" {
		t.Errorf("%#v: request's body = %s, want %q", steps, p.wrong, requestBody)
	}
	if p.dead && !bodiless(got.Status) { // a client that has read all of its response disconnects
		t.Errorf("%#v: the context of a stream has ended", steps)
	}
	return result{
		Attempts: p.attempts, Ran: p.ran, Counted: p.counted, Response: got,
		Rows: s.rows(t, p.prefix),
	}
}

// rows are the ids of the rows that are there.
func (s *harness) rows(t *rapid.T, prefix string) []string {
	var ids string
	const query = `SELECT coalesce(string_agg(split_part(key, '-', 3), ' ' ORDER BY split_part(key, '-', 3) COLLATE "C"), '')
		FROM idempotency_keys WHERE split_part(key, '-', 2) || '-' = $1`
	if err := s.pool.QueryRowContext(context.Background(), query, prefix).Scan(&ids); err != nil {
		t.Fatal(err)
	}
	return strings.Fields(ids)
}

const requestBody = "a body that every attempt reads"

// execution is one request: its handler and its client.
type execution struct {
	steps      []step
	prefix     string
	disconnect func()        // of the client
	ended      chan struct{} // closed when the handler has ended

	attempts int
	counted  []int
	gone     bool   // the client
	dead     bool   // a stream's context
	wrong    string // body

	mu  sync.Mutex
	ran []string
}

// ask is the client. It doesn't reuse connections: on a stale one it would repeat a
// request.
func (p *execution) ask(ctx context.Context, t *rapid.T, method, url string) response {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(requestBody))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return response{}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return response{}
	}
	return response{
		Whole: true, Status: resp.StatusCode, Body: string(body),
		Header: resp.Header.Get("X-Handler"), Error: resp.Header.Get("X-Error"),
	}
}

// serve is the handler.
func (p *execution) serve(w http.ResponseWriter, r *http.Request) {
	p.attempts++
	if body, err := io.ReadAll(r.Body); err != nil || string(body) != requestBody {
		p.wrong = fmt.Sprintf("%q, %v", body, err)
	}
	if err := p.run(w, r, p.steps); err != nil {
		respondError(w, err)
	}
}

func (p *execution) run(w http.ResponseWriter, r *http.Request, steps []step) error {
	for _, s := range steps {
		if err := p.step(w, r, s); err != nil && s.stops {
			return err
		}
	}
	return nil
}

var errPart = errors.New("the part failed")

func (p *execution) step(w http.ResponseWriter, r *http.Request, s step) error {
	ctx := r.Context()
	switch s.do {
	case insertion, refused, unlucky, conflict:
		return insert(r, p.name(ctx, s))
	case later, doomed:
		return txn.WithCommit(ctx, func(ctx context.Context) error {
			err := insert(r.WithContext(ctx), p.name(ctx, s))
			if err == nil && s.fails {
				err = errPart
			}
			return err
		})
	case serialize:
		if txn.Attempt(ctx) <= s.n {
			return raise(ctx, retryable)
		}
	case read:
		return p.count(ctx)
	case savepoint:
		return txn.Savepoint(ctx, func(ctx context.Context) error {
			err := p.run(w, r.WithContext(ctx), s.part)
			if err == nil && s.fails {
				err = errPart
			}
			return err
		})
	case setMode:
		return txn.SetMode(ctx, sql.TxOptions(modes[s.n]))
	case rollback:
		return txn.RollbackOnly(ctx)
	case commit:
		return txn.CommitAnyway(ctx)
	case after:
		return p.after(ctx, s)
	case stream:
		err := reqtx.Stream(w)
		if err == nil && !p.gone && ctx.Err() != nil {
			p.dead = true
		}
		return err
	case cancel:
		p.gone = true
		p.disconnect()
		<-r.Context().Done()
	default:
		return p.write(w, s)
	}
	return nil
}

// write does what concerns the response or the handler alone.
func (p *execution) write(w http.ResponseWriter, s step) (err error) {
	switch s.do {
	case header:
		w.Header().Set("X-Handler", fmt.Sprint(s.id))
	case status:
		w.WriteHeader(s.n)
	case write:
		_, err = io.WriteString(w, strings.Repeat("x", s.n))
	case flush:
		err = http.NewResponseController(w).Flush()
	case panics:
		panic("boom")
	case abort:
		panic(http.ErrAbortHandler)
	case goexit:
		runtime.Goexit()
	default:
		panic("no such action: " + s.do)
	}
	return err
}

// name is the name of the row that a step inserts.
func (p *execution) name(ctx context.Context, s step) string {
	kind := insertion
	switch {
	case s.do == conflict, s.do == doomed:
		return "taken"
	case s.do == refused, s.do == unlucky && txn.Attempt(ctx) <= s.n:
		kind = s.do
	}
	return fmt.Sprintf("%s-%s%d", kind, p.prefix, s.id)
}

// count reads how many of its own rows the transaction sees.
func (p *execution) count(ctx context.Context) error {
	tx, err := txn.SQLFromContext(ctx)
	if err != nil {
		return err
	}
	var n int
	const query = "SELECT count(*) FROM idempotency_keys WHERE split_part(key, '-', 2) || '-' = $1"
	if err := tx.QueryRowContext(ctx, query, []any{p.prefix}, &n); err != nil {
		return err
	}
	p.counted = append(p.counted, n)
	return nil
}

// after registers a function that records that it ran, however it ends.
func (p *execution) after(ctx context.Context, s step) error {
	attempt := txn.Attempt(ctx)
	return txn.AfterCommit(ctx, func(context.Context) error {
		p.mu.Lock()
		p.ran = append(p.ran, fmt.Sprintf("%d of attempt %d", s.id, attempt))
		p.mu.Unlock()
		switch s.n {
		case 1:
			return errPart
		case 2:
			panic("boom")
		}
		return nil
	})
}

// class names an error. What it is joined with comes last.
func class(err error) string {
	pgErr, server := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, errPart):
		return "part"
	case errors.Is(err, txn.ErrSwallowed):
		return swallowed
	case errors.Is(err, context.Canceled):
		return disconnected
	case server:
		return pgErr.Code
	case errors.Is(err, txn.ErrBegun):
		return "begun"
	case errors.Is(err, http.ErrBodyNotAllowed):
		return "no body"
	case errors.Is(err, txn.ErrEnded):
		return "ended"
	}
	return "other"
}
