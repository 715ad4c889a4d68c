package middleware

import (
	"cmp"
	"net/http"

	"github.com/go-chi/chi/v5/middleware"
)

// ClientIP determines a client's address for AccessLog and RateLimit, and must come
// before them. X-Forwarded-For is trusted only from the proxies in these networks; the
// last address in it that is outside of them is the client's. For all others it is the
// peer's address.
func ClientIP(proxies []string) func(http.Handler) http.Handler {
	if len(proxies) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	return middleware.ClientIPFromXFF(proxies...)
}

// ClientAddress returns the address from ClientIP, or the peer's if a proxy's header can't
// be parsed.
func ClientAddress(r *http.Request) string {
	return cmp.Or(middleware.GetClientIP(r.Context()), hostOf(r.RemoteAddr))
}
