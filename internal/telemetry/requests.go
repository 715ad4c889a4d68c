package telemetry

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// Requests is a middleware that counts and times requests by method, route and status
// class. The labels have few values, whatever clients send: a route is chi's pattern,
// or "unmatched", and a method that HTTP doesn't define is "other". It must be inside
// of chi's router, whose pattern it reads after the handler, and before the middleware
// that recovers from panics, so that a panic counts as the response that it became.
func (m *Metrics) Requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		start, status := time.Now(), "aborted"
		m.inFlight.Inc()
		defer func() { // a panic aborts the response
			m.inFlight.Dec()
			method, route := method(r), route(r)
			m.requests.WithLabelValues(method, route, status).Inc()
			m.durations.WithLabelValues(method, route).Observe(time.Since(start).Seconds())
		}()
		next.ServeHTTP(response, r)
		status = statusClass(cmp.Or(response.Status(), http.StatusOK))
	})
}

// statusClass returns a status as "2xx".
func statusClass(status int) string { return fmt.Sprintf("%dxx", status/100) }

// method returns r's method, or "other" if HTTP doesn't define it.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return r.Method
	}
	return "other"
}

// route returns the pattern that r matched.
func route(r *http.Request) string {
	return cmp.Or(chi.RouteContext(r.Context()).RoutePattern(), "unmatched")
}
