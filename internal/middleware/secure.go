package middleware

import "net/http"

// Secure sets the header that an API needs when a browser opens one of its URLs: the
// browser must take a body for what its Content-Type says, and never guess that it is a
// page. It must come before anything that responds, so that errors have it too.
func Secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
