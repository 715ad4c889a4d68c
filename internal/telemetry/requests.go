package telemetry

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// Requests is a middleware that counts and times requests by method, route and
// class of status. Labels are bounded, whatever clients send: a route is chi's
// pattern, "unmatched" when there is none, and a method that HTTP doesn't define
// is "other".
//
// It must be within chi's router, whose pattern it reads after the handler, and
// before whatever recovers from panics, so that a panic counts as the answer that
// it became.
func (m *Metrics) Requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		start, status := time.Now(), "aborted"
		m.inFlight.Inc()
		defer func() { // a panic that comes by aborts the answer
			m.inFlight.Dec()
			method, route := method(r), route(r)
			m.requests.WithLabelValues(method, route, status).Inc()
			m.durations.WithLabelValues(method, route).Observe(time.Since(start).Seconds())
		}()
		next.ServeHTTP(answer, r)
		status = class(cmp.Or(answer.Status(), http.StatusOK))
	})
}

// class is a status as "2xx".
func class(status int) string { return fmt.Sprintf("%dxx", status/100) }

// method is r's method, one of a few.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return r.Method
	}
	return "other"
}

// route is the pattern that r matched.
func route(r *http.Request) string {
	return cmp.Or(chi.RouteContext(r.Context()).RoutePattern(), "unmatched")
}
