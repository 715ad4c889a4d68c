package middleware

import (
	"net/http"

	"github.com/go-chi/cors"
)

// preflightAge is how long a browser may cache the result of a preflight, in seconds.
const preflightAge = 600

// CORS lets pages of the origins use the API from a browser: "*" is every page,
// "https://*.example.com" every page of that domain. Cookies aren't allowed. Without
// origins it does nothing, and browsers block other pages. It must come before anything
// that responds, so that pages can read errors, and outside of the router, which would
// refuse OPTIONS.
func CORS(origins []string) func(http.Handler) http.Handler {
	if len(origins) == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	return cors.Handler(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{
			http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		},
		AllowedHeaders: []string{
			"Accept", "Authorization", "Consistency-Token", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", RequestIDHeader,
			"Baggage", "Traceparent", "Tracestate", // of a page that is traced
		},
		ExposedHeaders: []string{"Consistency-Token", "ETag", "Idempotent-Replayed", "Location", "Retry-After", RequestIDHeader},
		MaxAge:         preflightAge,
	})
}
