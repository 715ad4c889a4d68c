package middleware

import (
	"net/http"
	"time"

	"github.com/go-chi/httprate"

	"commitment/internal/problem"
)

// RateLimit refuses, with a 429 that says when to come back, what a client's address
// sends beyond perMinute requests in any minute; zero is no limit. The addresses of an
// IPv6 network of 64 bits count as one. Each process counts by itself. It must come
// after ClientIP, and after what a page needs to read the refusal.
func RateLimit(perMinute int, pw *problem.Writer) func(http.Handler) http.Handler {
	if perMinute == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	const retryAfter = "Retry-After"
	return httprate.LimitBy(perMinute, time.Minute,
		func(r *http.Request) (string, error) { return httprate.CanonicalizeIP(clientIP(r)), nil },
		httprate.WithResponseHeaders(httprate.ResponseHeaders{RetryAfter: retryAfter}),
		httprate.WithLimitHandler(func(w http.ResponseWriter, r *http.Request) {
			p := problem.Status(http.StatusTooManyRequests, "too many requests from this address")
			p.Header = http.Header{retryAfter: {w.Header().Get(retryAfter)}}
			pw.Write(w, r, p)
		}),
	)
}
