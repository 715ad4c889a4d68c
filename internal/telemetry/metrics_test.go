package telemetry_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // a driver for a pool that is never connected

	"commitment/internal/telemetry"
)

// scrape returns the lines of m that begin with one of the names.
func scrape(t *testing.T, m *telemetry.Metrics, names ...string) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status = %d, want 200", w.Code)
	}
	var found strings.Builder
	for line := range strings.Lines(w.Body.String()) {
		for _, name := range names {
			if strings.HasPrefix(line, name) {
				found.WriteString(line)
			}
		}
	}
	return found.String()
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("metrics =\n%swant\n%s", got, want)
	}
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	r := chi.NewRouter()
	r.Use(m.Requests)
	during := ""
	r.Get("/v1/products/{id}", func(_ http.ResponseWriter, r *http.Request) {
		if chi.URLParam(r, "id") == "1" {
			during = scrape(t, m, "http_requests_in_flight")
		}
	})
	r.Route("/v1/reviews", func(r chi.Router) {
		r.Post("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) })
		r.Get("/{id}", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	})
	for _, request := range []struct{ method, path string }{
		{"GET", "/v1/products/1"}, {"GET", "/v1/products/2"}, {"POST", "/v1/reviews"}, {"GET", "/nowhere"},
		{"GET", "/elsewhere"}, {"DELETE", "/v1/products/1"}, {"BREW", "/nowhere"}, {"GET", "/v1/reviews/1"},
	} {
		serve(r, request.method, request.path)
	}
	expect(t, during, "http_requests_in_flight 1\n")
	expect(t, scrape(t, m, "http_requests_", "http_request_duration_seconds_count"), ``+
		`http_request_duration_seconds_count{method="DELETE",route="unmatched"} 1
http_request_duration_seconds_count{method="GET",route="/v1/products/{id}"} 2
http_request_duration_seconds_count{method="GET",route="/v1/reviews/{id}"} 1
http_request_duration_seconds_count{method="GET",route="unmatched"} 2
http_request_duration_seconds_count{method="POST",route="/v1/reviews"} 1
http_request_duration_seconds_count{method="other",route="unmatched"} 1
http_requests_in_flight 0
http_requests_total{method="DELETE",route="unmatched",status="4xx"} 1
http_requests_total{method="GET",route="/v1/products/{id}",status="2xx"} 2
http_requests_total{method="GET",route="/v1/reviews/{id}",status="aborted"} 1
http_requests_total{method="GET",route="unmatched",status="4xx"} 2
http_requests_total{method="POST",route="/v1/reviews",status="4xx"} 1
http_requests_total{method="other",route="unmatched",status="4xx"} 1
`)
}

// serve serves one request; a panic ends it, as in net/http.
func serve(h http.Handler, method, path string) {
	defer func() { _ = recover() }()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
}

func TestTransactionsAreCountedFromZero(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	m.TransactionEnded("committed", false)
	m.TransactionEnded("committed", false)
	m.TransactionEnded("unknown", true)
	m.AfterCommitFailed()
	m.Retried()
	expect(t, scrape(t, m, "commitment_"), `commitment_after_commit_failures_total 1
commitment_retries_total 1
commitment_transactions_total{mode="read",outcome="committed"} 0
commitment_transactions_total{mode="read",outcome="rolled_back"} 0
commitment_transactions_total{mode="read",outcome="unknown"} 1
commitment_transactions_total{mode="write",outcome="committed"} 2
commitment_transactions_total{mode="write",outcome="rolled_back"} 0
commitment_transactions_total{mode="write",outcome="unknown"} 0
`)
}

func TestPoolAndProcessAreShown(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("pgx", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(7)
	m := telemetry.NewMetrics()
	m.RegisterPool(db)
	expect(t, scrape(t, m, "go_sql_max_open_connections"), "go_sql_max_open_connections{db_name=\"main\"} 7\n")
	if scrape(t, m, "go_goroutines") == "" {
		t.Error("go_goroutines is missing")
	}
}

// TestExemplars has the trace of one request of two as an example, for clients that can
// read it.
func TestExemplars(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	m.TraceID = func(ctx context.Context) string {
		id, _ := ctx.Value(traceKey{}).(string)
		return id
	}
	r := chi.NewRouter()
	r.Use(m.Requests)
	r.Get("/", func(http.ResponseWriter, *http.Request) {})
	r.Method(http.MethodGet, "/metrics", m.Handler())
	for _, id := range []string{"", "t1"} {
		ctx := context.WithValue(t.Context(), traceKey{}, id)
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody))
	}
	for accept, want := range map[string]bool{"application/openmetrics-text; version=1.0.0": true, "text/plain": false} {
		scrape := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
		scrape.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, scrape)
		if got := strings.Contains(w.Body.String(), `# {trace_id="t1"}`); got != want {
			t.Errorf("metrics as %s =\n%s\nwant an exemplar: %v", accept, w.Body, want)
		}
		if want := `http_request_duration_seconds_count{method="GET",route="/"} 2`; !strings.Contains(w.Body.String(), want) {
			t.Errorf("metrics as %s =\n%s\nwant %s", accept, w.Body, want)
		}
	}
}

type traceKey struct{}
