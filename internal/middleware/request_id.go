// Package middleware holds the middleware of every request, one function and one file
// each, in net/http's types. It knows nothing of routes, of the database, or of what
// the service does.
package middleware

import (
	"context"
	"net/http"
	"regexp"

	"github.com/google/uuid"
)

// RequestIDHeader carries a request's id, in requests and in responses.
const RequestIDHeader = "X-Request-Id"

// validRequestID matches an id that needs no quoting in a log line or a header.
var validRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

type requestIDKey struct{}

// RequestID gives each request an id: the inbound X-Request-Id, if it is 1 to 128
// letters, digits, dots, underscores and hyphens, or else a new UUIDv7. It is in the
// context and in the response. It comes first, because all others log it.
func RequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(RequestIDHeader)
		if !validRequestID.MatchString(id) {
			id = uuid.Must(uuid.NewV7()).String() // fails only when the system has no randomness
		}
		w.Header().Set(RequestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// RequestIDFrom returns the id of the request of ctx, or "" outside of a request.
func RequestIDFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
