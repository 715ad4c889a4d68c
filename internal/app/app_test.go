package app

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"commitment/ent"
	"commitment/internal/authn"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/schemakit"
	"commitment/internal/txn"
)

// serving is a service that runs in this process.
type serving struct {
	*service
	url   string
	stop  context.CancelFunc
	ended chan error
}

// runService serves on a database of its own. Handler, if not nil, replaces the API.
func runService(t *testing.T, databaseDone <-chan struct{}, handler func(*service) http.Handler, environ ...string) *serving {
	t.Helper()
	url := pgtest.URL(t)
	s, err := newService(parts{
		cfg: load(t, append(environ, "DATABASE_URL="+url)...), log: slog.New(slog.DiscardHandler),
		pool: openPool(t, url), copies: &replicaPools{}, ready: newReadiness(t, url),
	})
	check(t, err)
	if handler != nil {
		s.server.Handler = handler(s)
	}
	listener, err := listen(t.Context(), "ADDR", "127.0.0.1:0")
	check(t, err)
	ctx, stop := context.WithCancel(t.Context())
	running := &serving{service: s, url: "http://" + listener.Addr().String(), stop: stop, ended: make(chan error, 1)}
	go func() { running.ended <- s.run(ctx, listener, databaseDone) }()
	return running
}

// post returns the response's status and body.
func (s *serving) post(ctx context.Context) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), errors.Join(err, resp.Body.Close())
}

// listens reports whether the service accepts connections.
func (s *serving) listens() bool {
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func TestShutdownLetsAfterCommitFunctionsFinish(t *testing.T) {
	t.Parallel()
	release, finished := make(chan struct{}), make(chan struct{})
	s := runService(t, nil, func(s *service) http.Handler { return afterCommit(t, s, release, finished) })
	if status, body, err := s.post(t.Context()); status != http.StatusOK {
		t.Fatalf("response = %d %q, %v, want 200", status, body, err)
	}
	s.stop()
	pgtest.WaitFor(t, "the listener closes", func() bool { return !s.listens() })
	if err := s.ready.check(t.Context()); err == nil {
		t.Error("ready during the shutdown, want an error")
	}
	select {
	case err := <-s.ended:
		t.Fatalf("run() = %v before the after-commit function has finished", err)
	default:
	}
	close(release)
	check(t, <-s.ended)
	select {
	case <-finished:
	default:
		t.Error("run() returned before the after-commit function")
	}
}

func TestShutdownCutsOffAfterCommitFunctions(t *testing.T) {
	t.Parallel()
	release, finished := make(chan struct{}), make(chan struct{})
	s := runService(t, nil, func(s *service) http.Handler { return afterCommit(t, s, release, finished) },
		"HTTP_SHUTDOWN_TIMEOUT=1s")
	if _, _, err := s.post(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { close(release); <-finished }()
	s.stop()
	wantError(t, <-s.ended, "after-commit functions were cut off")
}

func TestShutdownRecordsTheLastUsesOfKeys(t *testing.T) {
	t.Parallel()
	serving, key := make(chan struct{}), make(chan string, 1)
	s := runService(t, nil, func(s *service) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(serving)
			if _, err := s.keys.Verify(r.Context(), <-key); err != nil {
				t.Error(err)
			}
		})
	})
	owner := openPool(t, strings.Replace(string(s.cfg.Database.URL), "role="+schemakit.AppRole, "role=none", 1))
	secret, created, err := authn.NewKeys(txn.New(owner, txn.Options{}), authn.KeysOptions{}).Create(t.Context(), authn.NewKey{Name: "billing"})
	check(t, err)
	go func() {
		<-serving
		s.stop()
		pgtest.WaitFor(t, "the shutdown begins", func() bool { return s.ready.closing.Load() })
		key <- secret
	}()
	if status, _, err := s.post(t.Context()); status != http.StatusOK || err != nil {
		t.Errorf("response = %d, %v, want 200", status, err)
	}
	check(t, <-s.ended)
	if !pgtest.Value[bool](t, owner, "SELECT last_used_at IS NOT NULL FROM api_keys WHERE id = $1", created.ID) {
		t.Error("the use of a key by the last request isn't recorded")
	}
}

func TestShutdownEndsStreams(t *testing.T) {
	t.Parallel()
	streaming := make(chan struct{})
	s := runService(t, nil, func(s *service) http.Handler {
		writeError := func(_ http.ResponseWriter, _ *http.Request, err error) { t.Error(err) }
		return reqtx.Middleware(s.db, reqtx.Options{Shutdown: s.shuttingDown, WriteError: writeError})(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "event")
				if err := reqtx.Stream(w); err != nil {
					t.Error(err)
				}
				close(streaming)
				<-r.Context().Done()
				if err := context.Cause(r.Context()); !errors.Is(err, reqtx.ErrShutdown) {
					t.Errorf("the stream's context ends by %v, want %v", err, reqtx.ErrShutdown)
				}
			}))
	}, "HTTP_SHUTDOWN_TIMEOUT=1h")
	go func() {
		<-streaming
		s.stop()
	}()
	if status, body, err := s.post(t.Context()); status != http.StatusOK || body != "event" || err != nil {
		t.Errorf("response = %d %q, %v, want a complete one", status, body, err)
	}
	check(t, <-s.ended)
}

// afterCommit responds at once, with an after-commit function that waits for release.
func afterCommit(t *testing.T, s *service, release <-chan struct{}, finished chan<- struct{}) http.Handler {
	t.Helper()
	work := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tx := ent.TxFromContext(r.Context())
		if _, err := tx.IdempotencyKey.Query().Count(r.Context()); err != nil {
			t.Error(err)
		}
		err := txn.AfterCommit(r.Context(), func(context.Context) error {
			<-release
			close(finished)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	return reqtx.Middleware(s.db, reqtx.Options{WriteError: func(_ http.ResponseWriter, _ *http.Request, err error) { t.Error(err) }})(work)
}

func TestShutdownCutsOffRequests(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	s := runService(t, nil, func(*service) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(begun)
			<-r.Context().Done()
		})
	}, "HTTP_SHUTDOWN_TIMEOUT=10ms")
	responded := make(chan error, 1)
	go func() {
		_, _, err := s.post(t.Context())
		responded <- err
	}()
	<-begun
	s.stop()
	wantError(t, <-s.ended, "requests were cut off")
	if err := <-responded; err == nil {
		t.Error("the request got a response, want the connection cut")
	}
}

func TestRunEndsWhenThePrivateServerStops(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	s := runService(t, done, nil)
	close(done)
	if err := <-s.ended; !errors.Is(err, errDatabaseStopped) {
		t.Errorf("run() = %v, want %v", err, errDatabaseStopped)
	}
	pgtest.WaitFor(t, "the listener closes", func() bool { return !s.listens() })
}

func TestRunFailsWithoutItsListener(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	s, err := newService(parts{
		cfg: load(t, "DATABASE_URL="+url), log: slog.New(slog.DiscardHandler),
		pool: openPool(t, url), copies: &replicaPools{}, ready: newReadiness(t, url),
	})
	check(t, err)
	listener, err := listen(t.Context(), "ADDR", "127.0.0.1:0")
	check(t, err)
	check(t, listener.Close())
	wantError(t, s.run(t.Context(), listener, nil), "serve: ")
}

func TestServeListensFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var console bytes.Buffer
	occupied, err := listen(t.Context(), "ADDR", "127.0.0.1:0")
	check(t, err)
	defer func() { check(t, occupied.Close()) }()
	cfg := load(t, "ADDR="+occupied.Addr().String(), "COMMITMENT_DATA_DIR="+dir)
	wantError(t, Serve(t.Context(), cfg, Output{Console: &console, Log: io.Discard}), "set ADDR to another address")
	left, err := os.ReadDir(dir)
	check(t, err)
	if len(left) > 0 || console.Len() > 0 {
		t.Errorf("data directory = %v, console = %q, want no attempt to start a server", left, &console)
	}
}

func TestPoolOptionsAreComplete(t *testing.T) {
	t.Parallel()
	o := reflect.ValueOf(poolOptions(load(t, "DEBUG=true", "LOG_SLOW_STATEMENTS=1s"), "postgres://db/books", slog.New(slog.DiscardHandler)))
	for i := range o.NumField() {
		if name := o.Type().Field(i).Name; o.Field(i).IsZero() && name != "Role" && name != "Tracer" { // which serve adds
			t.Errorf("%s is not set", name)
		}
	}
	if quiet := poolOptions(load(t), "", slog.New(slog.DiscardHandler)); quiet.Echo != nil {
		t.Error("Echo is set without DEBUG, want nil")
	}
}

func TestLogger(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, setting, want string }{
		{"writes JSON if it is no terminal", "LOG_FORMAT=auto", `"msg":"hello"`},
		{"writes JSON when asked to", "LOG_FORMAT=json", `"msg":"hello"`},
		{"writes text when asked to", "LOG_FORMAT=text", "msg=hello"},
		{"leaves out records below the level", "LOG_LEVEL=error", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			newLogger(load(t, tt.setting), &out).Info("hello")
			if got := out.String(); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("log = %q, want %q", got, tt.want)
			}
		})
	}
}

// openPool opens a pool as Serve does.
func openPool(t *testing.T, url string) *sql.DB {
	t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}
