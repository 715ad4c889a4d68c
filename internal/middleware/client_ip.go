package middleware

import (
	"cmp"
	"net/http"

	"github.com/go-chi/chi/v5/middleware"
)

// ClientIP finds a client's address for AccessLog and RateLimit, which it must come
// before. A header is believed only of the proxies in these networks: theirs is
// X-Forwarded-For, of which the last address outside of them is the client. Anybody
// else is the client, whatever it claims.
func ClientIP(proxies []string) func(http.Handler) http.Handler {
	if len(proxies) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	return middleware.ClientIPFromXFF(proxies...)
}

// clientIP is the address that ClientIP has found, or the peer's where a proxy's header
// can't be read.
func clientIP(r *http.Request) string {
	return cmp.Or(middleware.GetClientIP(r.Context()), host(r.RemoteAddr))
}
