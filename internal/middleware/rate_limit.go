package middleware

import (
	"net/http"
	"time"

	"github.com/go-chi/httprate"

	"commitment/internal/problem"
)

// RateLimit responds 429, with a Retry-After, to what a client's address sends beyond
// perMinute requests in any minute; zero is no limit. The addresses of an IPv6 /64
// network count as one. Each process counts separately. It must come after ClientIP and
// CORS: a page has to be able to read the 429.
func RateLimit(perMinute int, pw *problem.Writer) func(http.Handler) http.Handler {
	if perMinute == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	const retryAfter = "Retry-After"
	return httprate.LimitBy(perMinute, time.Minute,
		func(r *http.Request) (string, error) { return httprate.CanonicalizeIP(ClientAddress(r)), nil },
		httprate.WithResponseHeaders(httprate.ResponseHeaders{RetryAfter: retryAfter}),
		httprate.WithLimitHandler(func(w http.ResponseWriter, r *http.Request) {
			p := problem.Status(http.StatusTooManyRequests, "too many requests from this address")
			p.Header = http.Header{retryAfter: {w.Header().Get(retryAfter)}}
			pw.Write(w, r, p)
		}),
	)
}
