package tracing_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/tracing"
	"commitment/internal/txn"
)

// fixture is a service whose spans are recorded.
type fixture struct {
	*tracing.Tracing
	recorder *tracetest.SpanRecorder
	pool     *sql.DB
	db       *txn.DB
}

// open returns a fixture on the database at url, which trusts the requests' traces.
func open(t *testing.T, url string, conns int) *fixture {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	traces, err := tracing.New(t.Context(), tracing.Options{ServiceName: "test", TrustParent: true, Log: discard, Processor: recorder})
	check(t, err)
	t.Cleanup(func() { check(t, traces.Shutdown(context.Background())) })
	f := openWith(t, url, conns, traces)
	f.recorder = recorder
	return f
}

// openWith returns a fixture with these traces, or without any.
func openWith(tb testing.TB, url string, conns int, traces *tracing.Tracing) *fixture {
	tb.Helper()
	pool, err := postgres.Open(postgres.Options{
		URL: url, ApplicationName: "operator's", MaxOpenConns: conns, MaxIdleConns: conns, PingAfter: 1 << 40, Tracer: traces.Statements(),
	})
	check(tb, err)
	tb.Cleanup(func() { check(tb, pool.Close()) })
	return &fixture{Tracing: traces, pool: pool, db: txn.New(pool, txn.Options{Log: discard, Tracer: traces.Units()})}
}

var discard = slog.New(slog.DiscardHandler)

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// serve sends a request to handle, which runs in a unit of work, and returns the response
// once everything has ended.
func (f *fixture) serve(t *testing.T, method string, header http.Header, handle func(context.Context) error) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), method, "/rows/1", http.NoBody)
	if header != nil {
		r.Header = header
	}
	f.handler(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(r.Context()); err != nil {
			writeError(w, r, err)
		}
	}).ServeHTTP(w, r)
	check(t, f.db.Wait(t.Context()))
	return w
}

// handler returns what serves requests to handle.
func (f *fixture) handler(handle http.HandlerFunc) http.Handler {
	router := chi.NewRouter()
	route := func(r *http.Request) string { return chi.RouteContext(r.Context()).RoutePattern() }
	if f.Tracing != nil {
		router.Use(f.Requests(route))
	}
	router.Use(reqtx.Middleware(f.db, reqtx.Options{WriteError: writeError}))
	router.HandleFunc("/rows/{id}", handle)
	return router
}

func writeError(w http.ResponseWriter, r *http.Request, err error) {
	tracing.RecordError(r.Context(), err)
	w.WriteHeader(http.StatusInternalServerError)
}

// spans returns the spans that have ended, by start.
func (f *fixture) spans() []sdk.ReadOnlySpan {
	spans := f.recorder.Ended()
	slices.SortStableFunc(spans, func(a, b sdk.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	return spans
}

// tree returns the spans as a tree, with what failed and how it ended.
func (f *fixture) tree() string {
	var b strings.Builder
	spans := f.spans()
	var write func(parent trace.SpanID, depth int)
	write = func(parent trace.SpanID, depth int) {
		for _, s := range spans {
			if s.Parent().SpanID() == parent {
				fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", depth), line(s))
				write(s.SpanContext().SpanID(), depth+1)
			}
		}
	}
	write(trace.SpanID{}, 0)
	return b.String()
}

// line returns a span's name, its outcome, and its error.
func line(s sdk.ReadOnlySpan) string {
	text := s.Name()
	if outcome := value(s, "commitment.transaction.outcome"); outcome != "" {
		text += ": " + outcome
	}
	if s.Status().Code == codes.Error {
		text += " (" + value(s, "error.type") + ")"
	}
	return text
}

// value returns the value of an attribute, or "".
func value(s sdk.ReadOnlySpan, key string) string {
	i := slices.IndexFunc(s.Attributes(), func(a attribute.KeyValue) bool { return string(a.Key) == key })
	if i < 0 {
		return ""
	}
	return s.Attributes()[i].Value.String()
}

// wantTree is the function wantTree, for the spans of f.
func (f *fixture) wantTree(t *testing.T, want string) {
	t.Helper()
	wantTree(t, f.tree(), want)
}

// wantTree compares the spans with a tree that is indented as it stands in the test.
func wantTree(t *testing.T, got, want string) {
	t.Helper()
	lines := strings.Split(strings.Trim(want, "\n\t"), "\n")
	for i, l := range lines {
		lines[i] = strings.ReplaceAll(strings.TrimPrefix(l, "\t\t"), "\t", "  ")
	}
	if want = strings.Join(lines, "\n") + "\n"; got != want {
		t.Errorf("spans:\n%s\nwant:\n%s", got, want)
	}
}

// named returns the spans of that name.
func (f *fixture) named(t *testing.T, name string) []sdk.ReadOnlySpan {
	t.Helper()
	var found []sdk.ReadOnlySpan
	for _, s := range f.spans() {
		if s.Name() == name {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		t.Fatalf("spans:\n%s\nwant one named %q", f.tree(), name)
	}
	return found
}

// canRaise returns a database in which raise($1) fails with a SQLSTATE.
func canRaise(t *testing.T) string {
	t.Helper()
	url := pgtest.OwnerURL(t)
	pgtest.Exec(t, pgtest.Open(t, url), `CREATE FUNCTION raise(code text) RETURNS text LANGUAGE plpgsql AS $$
		BEGIN RAISE 'secret' USING ERRCODE = code; END $$`)
	return url
}

// query runs a query in the unit of work of ctx.
func query(ctx context.Context, text string, args ...any) (result string, err error) {
	unit, err := txn.SQLFromContext(ctx)
	if err != nil {
		return "", err
	}
	err = unit.QueryRowContext(ctx, text, args, &result)
	return result, err
}
