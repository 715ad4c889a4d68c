package middleware

import (
	"context"
	"net/http"
	"time"

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

// Timeout sets the deadline of a request's context. It answers nothing itself:
// the handler stays in its goroutine, and whoever sees the deadline pass
// answers. It must come after AccessLog and Recover, which outlive the deadline.
func Timeout(d time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), d)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
