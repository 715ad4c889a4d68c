package httpapi

import (
	"context"
	"net/http"

	"commitment/internal/fault"
	"commitment/internal/problem"
)

// alive answers as long as the process does.
func alive(w http.ResponseWriter, _ *http.Request) {
	answerOK(w)
}

// ready answers whether the service can serve: the database answers, the
// migrations are current, and no shutdown has begun.
func ready(check func(context.Context) error, problems *problem.Writer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := check(r.Context()); err != nil {
			problems.Write(w, r, fault.New(fault.Unavailable, "not-ready", "the service can't serve now").With(err))
			return
		}
		answerOK(w)
	}
}

func answerOK(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n"))
}
