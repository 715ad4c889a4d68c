package httpapi

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"commitment/ent/migrate"
	"commitment/ent/resource"
	_ "commitment/ent/runtime"
	"commitment/internal/caller"
	"commitment/internal/fault"
	"commitment/internal/identity"
	"commitment/internal/openapitest"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/rest"
	"commitment/internal/txn"
)

// service is the API of the resources, on a database of its own.
type service struct {
	pool *sql.DB
	url  string
	log  *bytes.Buffer
	echo *echo
}

// echo counts the statements that ask for rows, and keeps all.
type echo struct {
	slog.Handler
	selects atomic.Int64
	mu      sync.Mutex
	sent    []string
}

// Handle implements [slog.Handler].
func (e *echo) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "sql" && a.Value.String() != "commit" { // that of a read may follow its response
			e.mu.Lock()
			e.sent = append(e.sent, a.Value.String())
			e.mu.Unlock()
		}
		if strings.HasPrefix(a.Value.String(), "SELECT ") {
			e.selects.Add(1)
		}
		return true
	})
	return nil
}

// Enabled implements [slog.Handler].
func (*echo) Enabled(context.Context, slog.Level) bool { return true }

// take returns what was sent since the last time.
func (e *echo) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	sent := e.sent
	e.sent = nil
	return sent
}

func (s *service) statements() int { return int(s.echo.selects.Load()) }

func newService(t *testing.T) *service {
	t.Helper()
	return newServiceOf(t, func(v1 *api) {
		mount(v1, resource.Widgets())
		mount(v1, resource.Makers())
		mount(v1, resource.Workers())
		mount(v1, resource.Badges())
		mount(v1, resource.Teams())
		mount(v1, resource.Clubs())
		mount(v1, resource.Memberships())
		mount(v1, resource.Documents(), refused)
		mount(v1, resource.Tasks())
		mount(v1, resource.Folders())
		mount(v1, resource.Labels())
	})
}

// refused is what the hook of documents says.
var refused = fails(rest.Create|rest.Update|rest.Patch, fault.New(fault.Conflict, "refused", "this title is refused"))

// newServiceOf is newService of other routes.
func newServiceOf(t *testing.T, routes func(v1 *api)) *service {
	t.Helper()
	url := pgtest.EmptyURL(t)
	owner := pgtest.Open(t, url)
	if err := migrate.NewSchema(entsql.OpenDB(dialect.Postgres, owner)).Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, o := range migrate.Objects {
		pgtest.Exec(t, owner, o.Up)
	}
	return newServiceOn(t, postgres.Options{URL: url, MaxOpenConns: 4}, nil, func(v1 *api) { routes(v1.allow(identity.Public)) })
}

// newServiceOn is newServiceOf on a database that has the tables. Sender finds who sends a
// request; nil is for nobody.
func newServiceOn(t *testing.T, o postgres.Options, sender func(*http.Request) *identity.Principal, routes func(v1 *api)) *service {
	t.Helper()
	statements := &echo{Handler: slog.DiscardHandler}
	o.Echo = slog.New(statements)
	pool, err := postgres.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	s := &service{pool: pool, log: &bytes.Buffer{}, echo: statements}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	handler := serve(Options{
		DB: txn.New(pool, txn.Options{Log: log}), Log: log, Classify: postgres.Constraints(nil).Classify,
		Ready: func(context.Context) error { return nil }, Observe: func(h http.Handler) http.Handler { return h }, Metrics: http.NotFoundHandler(),
		RequestTimeout: time.Minute, ReadTimeout: time.Minute, MaxBody: 1 << 20, MaxResponse: 10 << 20, MaxMemory: 1 << 20, KeyLifetime: time.Hour,
		Authenticate: func(func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
			return func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if sender != nil {
						r = r.WithContext(identity.With(r.Context(), sender(r)))
					}
					next.ServeHTTP(w, r)
				})
			}
		},
	}, func(v1 *api) { routes(v1.tag("Things", "Things of all kinds.")) })
	openapitest.CheckDocument(t, handler)
	server := httptest.NewServer(openapitest.Check(t, called(handler)))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// called puts who sends a request, as its header says, into its context.
func called(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := caller.Caller{Tenant: r.Header.Get("Tenant"), ReadOnly: r.Header.Get("Read-Only") != "", Refused: r.Header.Get("Refused") != ""}
		next.ServeHTTP(w, r.WithContext(caller.NewContext(r.Context(), c)))
	})
}

// exec runs SQL.
func (s *service) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := s.pool.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// response is a response and its body, decoded.
type response struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// send sends a request. header holds names and values in turn.
func (s *service) send(t *testing.T, method, path, body string, header ...string) response {
	t.Helper()
	var reader io.Reader = http.NoBody
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := response{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &r.body); err != nil {
			t.Fatalf("%s %s is answered %s: %v", method, path, text, err)
		}
	}
	return r
}

// want sends a request that must be answered with that status.
func (s *service) want(t *testing.T, status int, method, path, body string, header ...string) response {
	t.Helper()
	r := s.send(t, method, path, body, header...)
	if r.status != status {
		t.Fatalf("%s %s %s is answered %d %s, want %d; log:\n%s", method, path, body, r.status, r.text, status, s.log)
	}
	return r
}

// wrong are the places that an error blames.
func (r response) wrong() []string {
	var places []string
	errors, _ := r.body["errors"].([]any)
	for _, e := range errors {
		e, _ := e.(map[string]any)
		for _, name := range []string{"pointer", "parameter"} {
			if place, ok := e[name].(string); ok {
				places = append(places, place)
			}
		}
	}
	return places
}

// names are the names of a page's items.
func (r response) names() []string {
	names := []string{}
	items, _ := r.body["items"].([]any)
	for _, i := range items {
		i, _ := i.(map[string]any)
		name, _ := i["name"].(string)
		names = append(names, name)
	}
	return names
}
