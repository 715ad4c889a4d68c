package middleware

import (
	"net/http"

	"commitment/internal/problem"
)

// LimitBody refuses bodies of more than limit bytes: at once with a 413 where
// Content-Length says so, and by an [http.MaxBytesError] to whoever reads too far
// where it doesn't. It must come after Recover, and before whatever reads.
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
