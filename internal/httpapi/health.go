package httpapi

import (
	"context"
	"net/http"

	"commitment/internal/fault"
	"commitment/internal/problem"
)

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
