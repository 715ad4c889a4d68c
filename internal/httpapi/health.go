package httpapi

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"commitment/internal/fault"
	"commitment/internal/middleware"
	"commitment/internal/problem"
)

// NewHealth returns the routes for operators alone, for a process that serves no API. Of
// the options it needs Log, Ready and Metrics.
func NewHealth(o Options) http.Handler {
	problems := &problem.Writer{Log: o.Log, Classify: func(err error) error { return err }, RequestID: middleware.RequestIDFrom}
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recover(problems), middleware.Secure)
	r.NotFound(notFound(problems))
	health(r, o, problems)
	return r
}

// health adds the routes for operators.
func health(r chi.Router, o Options, problems *problem.Writer) {
	r.Get("/healthz", alive)
	r.Get("/readyz", ready(o.Ready, problems))
	r.Method(http.MethodGet, "/metrics", o.Metrics)
}

// alive responds 200 as long as the process runs.
func alive(w http.ResponseWriter, _ *http.Request) {
	writeOK(w)
}

// ready responds 200 if the service can serve: the database is reachable, its migrations
// are current, and no shutdown has begun.
func ready(check func(context.Context) error, problems *problem.Writer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := check(r.Context()); err != nil {
			problems.Write(w, r, fault.New(fault.Unavailable, "not-ready", "the service isn't ready").With(err))
			return
		}
		writeOK(w)
	}
}

func writeOK(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n"))
}
