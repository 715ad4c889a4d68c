package middleware

import "net/http"

// Secure sets the header fields that an API owes a browser that opens one of its
// addresses: a body is what its Content-Type says, and never guessed to be a
// page. It must come before whatever answers; errors carry it too.
func Secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
