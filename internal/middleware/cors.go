package middleware

import (
	"net/http"

	"github.com/go-chi/cors"
)

// preflightAge is how long a browser may remember what it may send, in seconds.
const preflightAge = 600

// CORS lets pages of the origins use the API from a browser: "*" is every page,
// "https://*.example.com" each of that domain. Pages can't send cookies. Without
// origins it does nothing, and browsers keep other pages out. It must come before
// whatever answers, so that pages can read errors, and knows OPTIONS from no router.
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
			"Accept", "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", RequestIDHeader,
		},
		ExposedHeaders: []string{"ETag", "Idempotent-Replayed", "Location", "Retry-After", RequestIDHeader},
		MaxAge:         preflightAge,
	})
}
