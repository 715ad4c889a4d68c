// Package middleware is what every request passes on its way to a handler, one
// function in one file each, in net/http's types. It knows nothing of routes,
// of the database, or of what the service is about.
package middleware

import (
	"context"
	"net/http"
	"regexp"

	"github.com/google/uuid"
)

// RequestIDHeader carries a request's id, in both directions.
const RequestIDHeader = "X-Request-Id"

// acceptable is an id that can stand in a log line and a header unquoted.
var acceptable = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

type requestIDKey struct{}

// RequestID gives each request an id: the inbound X-Request-Id, when it is 1 to
// 128 letters, digits, dots, underscores and hyphens, or a new UUIDv7. The answer
// carries it, and so does the context. It comes first: all others log.
func RequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(RequestIDHeader)
		if !acceptable.MatchString(id) {
			id = uuid.Must(uuid.NewV7()).String() // fails only when the system has no randomness
		}
		w.Header().Set(RequestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// RequestIDFrom returns the id of the request that ctx belongs to, or "" outside
// of one.
func RequestIDFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
