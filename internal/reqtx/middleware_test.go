package reqtx_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/ent"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// service is an HTTP server whose only handler is the test's.
type service struct {
	db       *txn.DB
	pool     *sql.DB
	url      string
	shutdown func() // tells streams to end
}

// serve runs handler behind the middleware, on a database of the test's own.
func serve(t *testing.T, handler http.HandlerFunc, outer ...func(http.Handler) http.Handler) *service {
	t.Helper()
	return serveWith(t, reqtx.Options{MaxMemory: 1 << 9, MaxResponse: 1 << 10, WriteError: writeError}, handler, outer...)
}

func serveWith(t *testing.T, o reqtx.Options, handler http.HandlerFunc, outer ...func(http.Handler) http.Handler) *service {
	t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: pgtest.OwnerURL(t), MaxOpenConns: 4, MaxIdleConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	db := txn.New(pool, txn.Options{EndTimeout: time.Second})
	closing, shutdown := context.WithCancel(t.Context())
	t.Cleanup(shutdown)
	o.Shutdown = closing
	h := reqtx.Middleware(db, o)(handler)
	for _, wrap := range outer {
		h = wrap(h)
	}
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // panics are part of the tests
	server.Start()
	t.Cleanup(server.Close)
	return &service{db: db, pool: pool, url: server.URL, shutdown: shutdown}
}

// writeError writes a short form of package problem's response.
func writeError(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusInternalServerError
	switch _, server := errors.AsType[*pgconn.PgError](err); {
	case server:
		status = http.StatusConflict
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, txn.ErrOutcomeUnknown):
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("X-Error", "yes")
	w.WriteHeader(status)
}

// insert writes a row with the request's client; it writes no response.
func insert(r *http.Request, name string) error {
	return rowtest.Insert(r.Context(), ent.FromContext(r.Context()), name)
}

func (s *service) wantRow(t *testing.T, name string, want bool) {
	t.Helper()
	got, err := rowtest.Exists(t.Context(), s.db.Client(), name)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("row %q exists = %v, want %v", name, got, want)
	}
}

// reply is a response without its body.
type reply struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
}

// do sends a request and returns the response or the error.
func (s *service) do(t *testing.T, method string) (reply, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return reply{}, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, resp.ContentLength}, string(body), err
}

func TestNothingOfAnAnswerLeavesWhenItsCommitFails(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		w.Header().Set("X-Id", "1")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "created")
		_ = http.NewResponseController(w).Flush()
	})
	if _, err := s.pool.ExecContext(t.Context(), `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE 'refused' USING ERRCODE = '23514', CONSTRAINT = 'refused'; END $$;
		CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION refuse()`); err != nil {
		t.Fatal(err)
	}
	resp, body, err := s.do(t, http.MethodPost)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusConflict || body != "" || resp.Header.Get("X-Id") != "" || resp.Header.Get("X-Error") == "" {
		t.Errorf("response = %d %q %v, want 409 without anything of the held response", resp.StatusCode, body, resp.Header)
	}
	s.wantRow(t, "row", false)
}

func TestAnErrorThatTheHandlerIgnoredIsNotAnsweredWithSuccess(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		_ = insert(r, "row")
		w.WriteHeader(http.StatusCreated)
	})
	resp, _, err := s.do(t, http.MethodPost)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("status = %d, want 500", resp.StatusCode)
	}
	s.wantRow(t, "row", false)
}

func TestAClientThatWentAwayRollsBack(t *testing.T) {
	t.Parallel()
	inserted, ended := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		_ = txn.CommitAnyway(r.Context())
		close(inserted)
		<-r.Context().Done()
		w.WriteHeader(http.StatusCreated)
	}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			next.ServeHTTP(w, r)
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-inserted
		cancel()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
		_ = resp.Body.Close()
		t.Errorf("response = %s, want none", resp.Status)
	}
	<-ended
	s.wantRow(t, "row", false)
	if open := s.pool.Stats().OpenConnections; open != 1 {
		t.Errorf("open connections = %d, want the one from before", open)
	}
}

func TestADeadlineThatPassedRollsBack(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		<-r.Context().Done()
		w.WriteHeader(http.StatusCreated)
	}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), 200*time.Millisecond)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	})
	resp, _, err := s.do(t, http.MethodPost)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status = %d, want 503", resp.StatusCode)
	}
	s.wantRow(t, "row", false)
}

func TestSafeMethodsAreReadOnly(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := insert(r, "row"); err != nil {
			pgErr, _ := errors.AsType[*pgconn.PgError](err)
			w.Header().Set("X-Code", pgErr.Code)
		}
	})
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		resp, _, err := s.do(t, method)
		if err != nil {
			t.Fatal(err)
		}
		if code := resp.Header.Get("X-Code"); code != "" {
			t.Errorf("%s: the response of a failed transaction was sent, code %s", method, code)
		}
	}
	s.wantRow(t, "row", false)
}

func TestNoConnectionIsTakenWithoutAStatement(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	if _, _, err := s.do(t, http.MethodPost); err != nil {
		t.Fatal(err)
	}
	if open := s.pool.Stats().OpenConnections; open != 0 {
		t.Errorf("open connections = %d, want 0", open)
	}
}

func TestAnAnswerBeyondTheLimitRollsBack(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		_, _ = w.Write(make([]byte, 2<<10))
	})
	resp, _, err := s.do(t, http.MethodPost)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("status = %d, want 500", resp.StatusCode)
	}
	s.wantRow(t, "row", false)
}

func TestAfterCommitFunctionsRunBehindTheAnswer(t *testing.T) {
	t.Parallel()
	release, ran := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		_ = txn.AfterCommit(r.Context(), func(context.Context) error {
			<-release // the client has its response before this ends
			close(ran)
			return errors.New("not the client's business")
		})
		w.WriteHeader(http.StatusCreated)
	})
	resp, _, err := s.do(t, http.MethodPost)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("status = %d, want 201", resp.StatusCode)
	}
	close(release)
	<-ran
	s.wantRow(t, "row", true)
}

// slow is a client's side that takes nothing before it may.
type slow struct {
	http.ResponseWriter
	t   *testing.T
	may <-chan struct{}
}

func (s slow) WriteHeader(status int) {
	select {
	case <-s.may:
	case <-time.After(time.Minute):
		s.t.Error("the after-commit function waits for the client")
	}
	s.ResponseWriter.WriteHeader(status)
}

func TestAfterCommitFunctionsDoNotWaitForASlowClient(t *testing.T) {
	t.Parallel()
	ran := make(chan struct{})
	for _, end := range []func(http.ResponseWriter) error{
		func(http.ResponseWriter) error { return nil },
		reqtx.Stream,
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_ = insert(r, "row")
			_ = txn.AfterCommit(r.Context(), func(ctx context.Context) error {
				select {
				case ran <- struct{}{}:
				case <-ctx.Done():
				}
				return nil
			})
			if err := end(w); err != nil {
				t.Errorf("Stream() = %v, want nil, for the work is committed", err) // slow has no Flush
			}
		}, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(slow{w, t, ran}, r)
			})
		})
		if _, _, err := s.do(t, http.MethodPost); err != nil {
			t.Error(err)
		}
	}
}

func TestNestedMiddlewareIsAnError(t *testing.T) {
	t.Parallel()
	var s *service
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		inner := reqtx.Middleware(s.db, reqtx.Options{WriteError: writeError})
		inner(http.NotFoundHandler()).ServeHTTP(w, r)
	})
	resp, _, err := s.do(t, http.MethodPost)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("status = %d, want 500", resp.StatusCode)
	}
}
