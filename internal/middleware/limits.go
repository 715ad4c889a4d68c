package middleware

import (
	"net/http"

	"commitment/internal/problem"
)

// LimitBody limits request bodies to limit bytes. A Content-Length above it gets a 413
// at once; without one, reading past the limit returns an [http.MaxBytesError]. It must
// come after Recover, and before anything that reads the body.
func LimitBody(limit int64, pw *problem.Writer) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > limit {
				pw.Write(w, r, &http.MaxBytesError{Limit: limit})
				return
			}
			limited := *r
			limited.Body = http.MaxBytesReader(w, r.Body, limit)
			next.ServeHTTP(w, &limited)
		})
	}
}
