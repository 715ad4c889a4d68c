package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"commitment/internal/fault"
	"commitment/internal/middleware"
	"commitment/internal/problem"
	"commitment/internal/replicas"
)

// NewHealth returns the routes for operators alone, for a process that serves no API. Of
// the options it needs Log, Ready, Replicas and Metrics.
func NewHealth(o Options) http.Handler {
	problems := &problem.Writer{Log: o.Log, Classify: func(err error) error { return err }, RequestID: middleware.RequestIDFrom}
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recover(problems), middleware.Secure)
	r.NotFound(notFound(problems))
	addHealth(r, o, problems)
	return r
}

// addHealth adds the routes for operators.
func addHealth(r chi.Router, o Options, problems *problem.Writer) {
	r.Get("/healthz", alive)
	r.Get("/readyz", ready(o.Ready, o.Replicas, problems))
	r.Method(http.MethodGet, "/metrics", o.Metrics)
}

// alive responds 200 as long as the process runs.
func alive(w http.ResponseWriter, _ *http.Request) {
	writeOK(w)
}

// ready responds 200 if the service can serve: the database is reachable, its migrations
// are current, and no shutdown has begun. It tells which replicas serve reads; without them
// the primary does.
func ready(check func(context.Context) error, copies func() []replicas.Status, problems *problem.Writer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := check(r.Context()); err != nil {
			problems.Write(w, r, fault.New(fault.Unavailable, "not-ready", "the service isn't ready").With(err))
			return
		}
		var all []replicaHealth
		if copies != nil {
			for _, s := range copies() {
				all = append(all, replicaHealth{s.Name, s.Up})
			}
		}
		writeOK(w, all...)
	}
}

// health is the body of a response.
type health struct {
	Status   string          `json:"status"`
	Replicas []replicaHealth `json:"replicas,omitempty"`
}

type replicaHealth struct {
	Name   string `json:"name"`
	Serves bool   `json:"serves"`
}

func writeOK(w http.ResponseWriter, copies ...replicaHealth) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(health{"ok", copies}) // a client that is gone learns nothing
}
