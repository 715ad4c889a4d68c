package httpapi_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/authn"
	"commitment/internal/httpapi"
	"commitment/internal/identity"
	"commitment/internal/ledger"
	"commitment/internal/logtest"
	"commitment/internal/middleware"
	"commitment/internal/openapitest"
	"commitment/internal/pgtest"
	"commitment/internal/pgtx"
	"commitment/internal/postgres"
	"commitment/internal/telemetry"
	"commitment/internal/txn"
)

// update rewrites the golden files from what the tests get.
var update = flag.Bool("update", false, "rewrite the golden files")

const maxBody = 4 << 10

// service is the API on a server and a database of the test's own. Everything
// in it is real.
type service struct {
	handler http.Handler
	url     string
	client  *http.Client
	pool    *sql.DB // the service's own
	owner   *sql.DB // of the database's owner, whom no policy holds
	db      *txn.DB
	log     *logtest.Buffer
	closing atomic.Bool // readiness is false
}

// newService starts a service as package app does.
func newService(t *testing.T) *service {
	t.Helper()
	return startService(t, httpapi.New, 15, 5*time.Second)
}

// newThings starts a service that has things for routes.
func newThings(t *testing.T) *service {
	t.Helper()
	return startService(t, httpapi.NewThings, 15, 5*time.Second)
}

// startService starts a service with a pool of that size and patience.
func startService(t *testing.T, api func(httpapi.Options) http.Handler, connections int, acquireTimeout time.Duration) *service {
	t.Helper()
	return startServiceOn(t, postgres.Options{URL: pgtest.URL(t), MaxOpenConns: connections, MaxIdleConns: connections}, api, acquireTimeout)
}

// tenant is that of the one who sends the tests' requests.
var tenant = identity.TenantID("acme")

// startServiceOn is startService with a pool of these options.
func startServiceOn(t *testing.T, o postgres.Options, api func(httpapi.Options) http.Handler, acquireTimeout time.Duration) *service {
	t.Helper()
	pool, err := postgres.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	s := &service{pool: pool, owner: pgtest.Open(t, ownerURL(t, o.URL)), log: &logtest.Buffer{}, client: &http.Client{Timeout: time.Minute, CheckRedirect: dontFollow}}
	s.handler = api(s.options(acquireTimeout))
	server := httptest.NewServer(openapitest.Check(t, s.handler))
	t.Cleanup(server.Close)
	s.url = server.URL
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	s.client.Transport = transport
	return s
}

func dontFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (s *service) options(acquireTimeout time.Duration) httpapi.Options {
	log := telemetry.NewLogger(s.log, telemetry.Text, slog.LevelDebug, func(ctx context.Context) []slog.Attr {
		return []slog.Attr{slog.String("request_id", middleware.RequestIDFrom(ctx))}
	})
	metrics := telemetry.NewMetrics()
	metrics.RegisterPool(s.pool)
	s.db = txn.New(s.pool, txn.Options{
		AcquireTimeout: acquireTimeout,
		Log:            log,
		OnEnd: func(outcome pgtx.Outcome, readOnly bool) {
			metrics.TransactionEnded(outcome.String(), readOnly)
		},
		OnAfterCommitError: metrics.AfterCommitFailed,
	})
	return httpapi.Options{
		DB:             s.db,
		Log:            log,
		Classify:       postgres.Constraints(ledger.Constraints).Classify,
		Ready:          s.ready,
		Observe:        metrics.Requests,
		Metrics:        metrics.Handler(),
		Authenticate:   as(&identity.Principal{Subject: "ann", Tenant: tenant, Scopes: httpapi.Scopes()}),
		RequestTimeout: 30 * time.Second,
		ReadTimeout:    30 * time.Second,
		MaxBody:        maxBody,
		MaxResponse:    1 << 20,
	}
}

// ownerURL returns the URL of the database for its owner.
func ownerURL(t *testing.T, app string) string {
	t.Helper()
	u, err := url.Parse(app)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Del("role")
	u.RawQuery = query.Encode()
	return u.String()
}

// as lets everybody be that sender, or nobody.
func as(p *identity.Principal) httpapi.Authenticator {
	return func(func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
		if p == nil {
			return func(next http.Handler) http.Handler { return next }
		}
		return authn.As(p)
	}
}

func (s *service) ready(ctx context.Context) error {
	if s.closing.Load() {
		return errors.New("shutting down: secret reason")
	}
	return s.pool.PingContext(ctx)
}

// send sends a request. header holds names and values in turn.
func (s *service) send(t *testing.T, method, path, body string, header ...string) response {
	t.Helper()
	var reader io.Reader = http.NoBody
	if body != "" {
		reader = strings.NewReader(body)
	}
	return s.sendReader(t, method, path, reader, header...)
}

// sendReader is send with a body that is chunked unless its length shows.
func (s *service) sendReader(t *testing.T, method, path string, body io.Reader, header ...string) response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if body != http.NoBody {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{status: resp.StatusCode, header: resp.Header, body: string(got)}
}

// refused sends a request that must get an error of that status
// and leave every row as it was.
func (s *service) refused(t *testing.T, status int, method, path, body string, header ...string) problemBody {
	t.Helper()
	before := s.rows(t)
	a := s.send(t, method, path, body, header...)
	if diff := cmp.Diff(before, s.rows(t)); diff != "" {
		t.Errorf("rows changed (-before +after):\n%s", diff)
	}
	return a.problem(t, status)
}

// rows are all rows of all tables.
func (s *service) rows(t *testing.T) []string {
	t.Helper()
	var rows []string
	for _, table := range s.lines(t, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname") {
		rows = append(rows, s.lines(t, fmt.Sprintf("SELECT r::text AS row FROM %q r ORDER BY row", table))...)
	}
	return rows
}

// lines is the result of a query for one column of text.
func (s *service) lines(t *testing.T, query string) []string {
	t.Helper()
	rows, err := s.owner.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// exec changes the database behind the service's back.
func (s *service) exec(t *testing.T, statements string) {
	t.Helper()
	if _, err := s.owner.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

// add adds a thing, and returns its path.
func (s *service) add(t *testing.T, name string) string {
	t.Helper()
	a := s.send(t, "POST", "/v1/things", fmt.Sprintf(`{"name":%q,"kind":"new"}`, name)).want(t, http.StatusCreated)
	return "/v1/things/" + decode[httpapi.Thing](t, a).ID.String()
}

// golden compares got with the golden file of that name, or rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); go test -update rewrites it:\n%s", path, diff)
	}
}
