package telemetry

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
)

// Requests is a middleware that counts and times requests by method, route and status
// class. The labels have few values, whatever clients send: a route is chi's pattern,
// or "unmatched", and a method that HTTP doesn't define is "other". It must be inside
// of chi's router, whose pattern it reads after the handler, and before the middleware
// that recovers from panics, so that a panic counts as the response that it became.
func (m *Metrics) Requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response, ok := w.(middleware.WrapResponseWriter) // of a middleware outside
		if !ok {
			response = middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		}
		start, status := time.Now(), "aborted"
		m.inFlight.Inc()
		defer func() { // a panic aborts the response
			m.inFlight.Dec()
			method, route := method(r), route(r)
			m.requests.WithLabelValues(method, route, status).Inc()
			m.observe(m.durations.WithLabelValues(method, route), r, time.Since(start))
		}()
		next.ServeHTTP(response, r)
		status = statusClass(cmp.Or(response.Status(), http.StatusOK))
	})
}

// observe adds the duration of r to a histogram, with the trace of r as an exemplar.
func (m *Metrics) observe(histogram prometheus.Observer, r *http.Request, duration time.Duration) {
	if m.TraceID != nil {
		if id := m.TraceID(r.Context()); id != "" {
			//nolint:forcetypeassert // documented of every histogram
			histogram.(prometheus.ExemplarObserver).ObserveWithExemplar(duration.Seconds(), prometheus.Labels{"trace_id": id})
			return
		}
	}
	histogram.Observe(duration.Seconds())
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
