package reqtx_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"commitment/ent"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/reqtx"
)

// earlyResponder is a middleware that runs the handler in a goroutine and responds without
// waiting for it.
type earlyResponder struct {
	respond  func(w http.ResponseWriter)
	begun    chan struct{} // closed once the handler runs
	proceed  chan struct{} // closed for the handler to go on
	tell     chan struct{} // closed for the middleware to respond
	returned chan struct{} // closed when the inner middleware has returned
}

func newEarlyResponder(respond func(w http.ResponseWriter)) *earlyResponder {
	return &earlyResponder{respond, make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})}
}

func (a *earlyResponder) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var one sync.Mutex
		var first *oneOfTwo
		go func() {
			defer close(a.returned)
			handlers := &oneOfTwo{w: w, header: http.Header{}, mu: &one, first: &first}
			next.ServeHTTP(handlers, r.WithContext(context.WithoutCancel(r.Context())))
		}()
		<-a.tell
		a.respond(&oneOfTwo{w: w, header: http.Header{}, mu: &one, first: &first})
	})
}

// oneOfTwo is a writer of which only the first to respond does, as in
// http.TimeoutHandler.
type oneOfTwo struct {
	w      http.ResponseWriter
	header http.Header
	mu     *sync.Mutex
	first  **oneOfTwo
}

func (o *oneOfTwo) Header() http.Header { return o.header }

func (o *oneOfTwo) WriteHeader(status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if *o.first == nil {
		*o.first = o
		maps.Copy(o.w.Header(), o.header)
		o.w.WriteHeader(status)
	}
}

func (o *oneOfTwo) Write(p []byte) (int, error) {
	o.WriteHeader(http.StatusOK)
	o.mu.Lock()
	defer o.mu.Unlock()
	if *o.first != o {
		return 0, http.ErrHandlerTimeout
	}
	return o.w.Write(p)
}

func (o *oneOfTwo) FlushError() error {
	o.WriteHeader(http.StatusOK)
	return http.NewResponseController(o.w).Flush()
}

// work inserts a row after proceed, and responds 201.
func (a *earlyResponder) work(t *testing.T) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		close(a.begun)
		wait(t, a.proceed)
		if err := insert(r, "row"); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusCreated)
	}
}

// wait waits until c is closed.
func wait(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Error("timed out")
	}
}

func respondWith(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

func TestAnErrorOfAMiddlewareBeforeCommitRollsBack(t *testing.T) {
	t.Parallel()
	a := newEarlyResponder(respondWith(http.StatusServiceUnavailable))
	s := serve(t, a.work(t), a.middleware, reqtx.Gate)
	close(a.tell)
	resp, _, err := s.do(t, http.MethodPost)
	if err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("response = %d, %v, want 503", resp.StatusCode, err)
	}
	close(a.proceed)
	wait(t, a.returned)
	s.wantRow(t, "row", false)
}

func TestASuccessOfAMiddlewareBeforeCommitIsNeverSent(t *testing.T) {
	t.Parallel()
	for name, respond := range map[string]func(http.ResponseWriter){
		"a status": respondWith(http.StatusAccepted),
		"a body":   func(w http.ResponseWriter) { _, _ = io.WriteString(w, "accepted") },
		"a flush":  func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
		"nothing":  func(http.ResponseWriter) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newEarlyResponder(respond)
			s := serve(t, a.work(t), a.middleware, reqtx.Gate)
			go func() {
				wait(t, a.begun)
				close(a.tell)
			}()
			if resp, _, err := s.do(t, http.MethodPost); err == nil {
				t.Errorf("response = %d, want none", resp.StatusCode)
			}
			close(a.proceed)
			wait(t, a.returned)
			s.wantRow(t, "row", false)
		})
	}
}

// blockCommit makes every COMMIT that inserts a row wait, and returns what tells
// that one waits, and what lets it go on.
func (s *service) blockCommit(t *testing.T) (blocked, release func()) {
	t.Helper()
	const key = 4711
	if _, err := s.pool.ExecContext(t.Context(), `
		CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`); err != nil {
		t.Fatal(err)
	}
	conn, err := s.pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.ExecContext(t.Context(), `SELECT pg_advisory_lock($1)`, key); err != nil {
		t.Fatal(err)
	}
	blocked = func() {
		const waiting = `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			var found bool
			if err := conn.QueryRowContext(context.WithoutCancel(t.Context()), waiting).Scan(&found); err != nil || found {
				return
			}
		}
		t.Error("no COMMIT waits")
	}
	release = func() {
		if _, err := conn.ExecContext(context.WithoutCancel(t.Context()), `SELECT pg_advisory_unlock($1)`, key); err != nil {
			t.Error(err)
		}
	}
	return blocked, release
}

func TestAnErrorOfAMiddlewareDuringCommitIsNeverSent(t *testing.T) {
	t.Parallel()
	a := newEarlyResponder(respondWith(http.StatusServiceUnavailable))
	s := serve(t, a.work(t), a.middleware, reqtx.Gate)
	blocked, release := s.blockCommit(t)
	close(a.proceed)
	go func() {
		blocked()
		close(a.tell)
		release()
	}()
	// The handler's own response may be first.
	if resp, _, err := s.do(t, http.MethodPost); err == nil && resp.StatusCode != http.StatusCreated {
		t.Errorf("response = %d, want none, or 201", resp.StatusCode)
	}
	wait(t, a.returned)
	s.wantRow(t, "row", true)
}

func TestAnErrorOfAMiddlewareDuringAFailingCommitIsSent(t *testing.T) {
	t.Parallel()
	a := newEarlyResponder(respondWith(http.StatusGatewayTimeout))
	s := serve(t, a.work(t), a.middleware, reqtx.Gate)
	blocked, release := s.blockCommit(t)
	if _, err := s.pool.ExecContext(t.Context(), `
		CREATE OR REPLACE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_advisory_xact_lock(4711); RAISE 'refused' USING ERRCODE = '23514'; END $$`); err != nil {
		t.Fatal(err)
	}
	close(a.proceed)
	go func() {
		blocked()
		close(a.tell)
		release()
	}()
	// The two responses race, and both are true.
	if resp, _, err := s.do(t, http.MethodPost); err != nil || resp.StatusCode != http.StatusGatewayTimeout && resp.StatusCode != http.StatusConflict {
		t.Errorf("response = %d, %v, want 504 or 409", resp.StatusCode, err)
	}
	wait(t, a.returned)
	s.wantRow(t, "row", false)
}

// swap is a middleware that responds with another status than its handler.
func swap(status int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(swapped{w, status}, r)
		})
	}
}

type swapped struct {
	http.ResponseWriter
	status int
}

func (s swapped) WriteHeader(int) { s.ResponseWriter.WriteHeader(s.status) }

func TestAMiddlewareMayNotContradictTheOutcome(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		method      string
		given, sent int
		leaves, row bool
	}{
		{"an error for what is committed", http.MethodPost, 201, 500, false, true},
		{"a success for what is rolled back", http.MethodPost, 422, 200, false, false},
		{"another success", http.MethodPost, 201, 202, true, true},
		{"another error", http.MethodPost, 422, 500, true, false},
		{"an error for what was read", http.MethodGet, 200, 500, true, false},
		{"a success for what was read", http.MethodGet, 404, 200, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					_, _ = rowtest.Count(r.Context(), ent.FromContext(r.Context()))
				} else {
					_ = insert(r, "row")
				}
				w.WriteHeader(tt.given)
			}, swap(tt.sent), reqtx.Gate)
			resp, _, err := s.do(t, tt.method)
			if left := err == nil && resp.StatusCode == tt.sent; left != tt.leaves {
				t.Errorf("response = %d, %v, want %d to leave: %v", resp.StatusCode, err, tt.sent, tt.leaves)
			}
			s.wantRow(t, "row", tt.row)
		})
	}
}

func TestTimeoutHandlerInsideOfAGate(t *testing.T) {
	t.Parallel()
	timeout := func(next http.Handler) http.Handler { return http.TimeoutHandler(next, 50*time.Millisecond, "late") }
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := insert(r, "row"); err == nil {
			<-r.Context().Done() // TimeoutHandler has responded, or is about to
		}
		w.WriteHeader(http.StatusCreated)
	}, timeout, reqtx.Gate)
	if resp, body, err := s.do(t, http.MethodPost); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("response = %d %q, %v, want 503", resp.StatusCode, body, err)
	}
	s.wantRow(t, "row", false)

	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		w.WriteHeader(http.StatusCreated)
	}, func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Hour, "") }, reqtx.Gate)
	if resp, _, err := s.do(t, http.MethodPost); err != nil || resp.StatusCode != http.StatusCreated {
		t.Errorf("response = %d, %v, want 201", resp.StatusCode, err)
	}
	s.wantRow(t, "row", true)
}

func TestTimeoutHandlerWithoutAGateIsRefused(t *testing.T) {
	t.Parallel()
	timeout := func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Hour, "") }
	for name, outer := range map[string][]func(http.Handler) http.Handler{
		"no gate":             {timeout},
		"a gate in it":        {reqtx.Gate, timeout},
		"a gate in a wrapper": {reqtx.Gate, wrapping, timeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var refusal error
			s := serveWith(t, reqtx.Options{WriteError: func(w http.ResponseWriter, r *http.Request, err error) {
				refusal = err
				writeError(w, r, err)
			}}, func(_ http.ResponseWriter, r *http.Request) { _ = insert(r, "row") }, outer...)
			resp, _, err := s.do(t, http.MethodPost)
			if err != nil || resp.StatusCode != http.StatusInternalServerError || !errors.Is(refusal, reqtx.ErrTimeoutHandler) {
				t.Errorf("response = %d, %v for %v, want 500 for %v", resp.StatusCode, err, refusal, reqtx.ErrTimeoutHandler)
			}
			s.wantRow(t, "row", false)
		})
	}
}

// wrapping is a middleware that wraps the writer, as many do.
func wrapping(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(wrapped{w}, r) })
}

type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestAGateLetsEverythingElsePass(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nX-Hijacked: yes\r\n\r\n")
				_ = conn.Close()
				return
			}
			w.Header().Set("Link", "</a>")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "short and stout")
			if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
				t.Error(err)
			}
		})
	}, reqtx.Gate)
	if resp, body, err := s.do(t, http.MethodPost); err != nil || resp.StatusCode != http.StatusTeapot || body != "short and stout" {
		t.Errorf("response = %d %q, %v, want 418", resp.StatusCode, body, err)
	}
	if resp, _, err := s.do(t, http.MethodPut); err != nil || resp.Header.Get("X-Hijacked") != "yes" {
		t.Errorf("response = %v, %v, want a hijacked one", resp, err)
	}
}
