package middleware_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/middleware"
)

// pattern returns chi's route pattern, as in the service.
func pattern(r *http.Request) string { return chi.RouteContext(r.Context()).RoutePattern() }

// fields returns the record's values by name.
func fields(record map[string]any, names ...string) map[string]any {
	found := map[string]any{}
	for _, name := range names {
		if value, ok := record[name]; ok {
			found[name] = value
		}
	}
	return found
}

func TestAccessLogDescribesTheRequest(t *testing.T) {
	t.Parallel()
	log, written := newLog()
	router := chi.NewRouter()
	router.Use(middleware.AccessLog(log, pattern, 0))
	router.Get("/v1/products/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "hello")
	})
	r := httptest.NewRequest(http.MethodGet, "/v1/products/7?token=secret", nil)
	r.RemoteAddr = "[::1]:4711"
	r.Header.Set("User-Agent", "curl/8")
	r.Header.Set("X-Forwarded-For", "6.6.6.6")
	serve(router, r)
	got := onlyRecord(t, written)
	if d, ok := got["duration"].(float64); !ok || d < 0 {
		t.Errorf("duration = %v, want a number", got["duration"])
	}
	delete(got, "duration")
	delete(got, "time")
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "route": "/v1/products/{id}", "path": "/v1/products/7",
		"status": 202.0, "bytes": 5.0, "remote_ip": "::1", "user_agent": "curl/8",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record differs (-want +got):\n%s", diff)
	}
}

func TestAccessLogLevel(t *testing.T) {
	t.Parallel()
	problems, _ := newProblems()
	for _, tt := range []struct {
		name, path string
		handler    http.HandlerFunc
		want       map[string]any
	}{
		{"info for an implicit 200", "/v1/x", func(http.ResponseWriter, *http.Request) {},
			map[string]any{"level": "INFO", "status": 200.0}},
		{"info for a refusal", "/v1/x", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) },
			map[string]any{"level": "INFO", "status": 404.0}},
		{"warn for a failure", "/v1/x", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
			map[string]any{"level": "WARN", "status": 503.0}},
		{"warn for a panic, as the response that it became", "/v1/x", func(http.ResponseWriter, *http.Request) { panic("boom") },
			map[string]any{"level": "WARN", "status": 500.0}},
		{"warn for a response aborted before it began", "/v1/x", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			map[string]any{"level": "WARN", "status": 0.0, "aborted": true}},
		{"warn for a response cut off", "/v1/x", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			panic("boom")
		}, map[string]any{"level": "WARN", "status": 201.0, "aborted": true}},
		{"info for a client that disconnected", "/v1/x", func(w http.ResponseWriter, r *http.Request) {
			gone, leave := context.WithCancel(r.Context())
			leave()
			problems.Write(w, r.WithContext(gone), gone.Err())
		}, map[string]any{"level": "INFO", "status": 499.0}},
		{"debug for a probe", "/healthz", func(http.ResponseWriter, *http.Request) {},
			map[string]any{"level": "DEBUG", "status": 200.0}},
		{"debug for a scrape", "/metrics", func(http.ResponseWriter, *http.Request) {},
			map[string]any{"level": "DEBUG", "status": 200.0}},
		{"warn for a probe that fails", "/readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
			map[string]any{"level": "WARN", "status": 503.0}},
		{"info for a noun ending in z", "/v1/quiz", func(http.ResponseWriter, *http.Request) {},
			map[string]any{"level": "INFO", "status": 200.0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log, written := newLog()
			router := chi.NewRouter()
			router.Use(middleware.AccessLog(log, pattern, 0), middleware.Recover(problems))
			router.Get(tt.path, tt.handler)
			_, _ = get(t, router, tt.path) // what the client sees is Recover's business
			if diff := cmp.Diff(tt.want, fields(onlyRecord(t, written), "level", "status", "aborted")); diff != "" {
				t.Errorf("record differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAccessLogHasNoRouteForAnUnknownPath(t *testing.T) {
	t.Parallel()
	log, written := newLog()
	router := chi.NewRouter()
	router.Use(middleware.AccessLog(log, pattern, 0))
	router.Get("/", func(http.ResponseWriter, *http.Request) {})
	serve(router, httptest.NewRequest(http.MethodGet, "/nowherez", nil))
	want := map[string]any{"level": "INFO", "route": "", "path": "/nowherez", "status": 404.0}
	if diff := cmp.Diff(want, fields(onlyRecord(t, written), "level", "route", "path", "status")); diff != "" {
		t.Errorf("record differs (-want +got):\n%s", diff)
	}
}

// TestAccessLogPassesOn checks that the optional methods of net/http's writer still
// work, and that all they write is counted.
func TestAccessLogPassesOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		body    string
	}{
		{"io.ReaderFrom", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.(io.ReaderFrom).ReadFrom(strings.NewReader("hello"))
		}, "hello"},
		{"Flush", func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "hello")
		}, "hello"},
		{"ResponseController", func(w http.ResponseWriter, _ *http.Request) {
			c := http.NewResponseController(w)
			if c.EnableFullDuplex() == nil && c.Flush() == nil {
				_, _ = io.WriteString(w, "hello")
			}
		}, "hello"},
		{"an informational response", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "hello")
		}, "hello"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log, written := newLog()
			got, err := get(t, middleware.AccessLog(log, func(*http.Request) string { return "/x" }, 0)(tt.handler), "/x")
			if err != nil || got.body != tt.body {
				t.Errorf("body = %q, %v, want %q", got.body, err, tt.body)
			}
			want := map[string]any{"status": 200.0, "bytes": float64(len(tt.body))}
			if diff := cmp.Diff(want, fields(onlyRecord(t, written), "status", "bytes", "aborted")); diff != "" {
				t.Errorf("record differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAccessLogNamesSlowRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		after   time.Duration
		handler http.HandlerFunc
		want    map[string]any
	}{
		{"one that takes too long", time.Nanosecond, func(http.ResponseWriter, *http.Request) {}, map[string]any{"level": "WARN", "slow": true}},
		{"one that is fast enough", time.Hour, func(http.ResponseWriter, *http.Request) {}, map[string]any{"level": "INFO"}},
		{"one that takes the time it needs", time.Nanosecond, func(_ http.ResponseWriter, r *http.Request) {
			middleware.LiftTimeout(r.Context())
		}, map[string]any{"level": "INFO"}},
	} {
		log, written := newLog()
		h := middleware.AccessLog(log, func(*http.Request) string { return "/x" }, tt.after)(middleware.Timeout(time.Hour)(tt.handler))
		serve(h, httptest.NewRequest(http.MethodGet, "/x", nil))
		if diff := cmp.Diff(tt.want, fields(onlyRecord(t, written), "level", "slow")); diff != "" {
			t.Errorf("%s: record differs (-want +got):\n%s", tt.name, diff)
		}
	}
}
