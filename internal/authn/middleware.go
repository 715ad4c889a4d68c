// Package authn finds out who sent a request: the subject of a bearer token that an
// OpenID Connect issuer signed, or the holder of an API key. It puts an
// [identity.Principal] into the request's context. What a sender may do is not decided
// here: the demands of routes in package identity are.
//
//	r.Use(authn.Middleware(authn.Options{Issuer: issuer, Keys: keys, ClientIP: …, WriteError: problems.Write}))
//
// Responses:
//
//	no Authorization header                          the route decides
//	a valid token or key                             the route decides
//	an expired token or key                          401 token-expired
//	anything else in the header                      401 invalid-token
//	too many of these from one address               429, with Retry-After; valid credentials still pass
//	a token, and the issuer's keys can't be fetched  503 issuer-unavailable, with Retry-After
package authn

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"commitment/internal/identity"
	"commitment/internal/problem"
)

// Options configure the middleware.
type Options struct {
	// Issuer verifies tokens. Defaults to none, so that each token is invalid.
	Issuer *Issuer
	// Keys verifies API keys. Defaults to none, so that each key is invalid.
	Keys *Keys
	// MaxFailures is how many invalid credentials an address may send in a minute before
	// it gets 429 for them. Expired ones don't count: a client learns from the 401 to
	// renew its token. Defaults to 60; a negative number is no limit.
	MaxFailures int
	// ClientIP returns the address that sent a request. Defaults to the peer's.
	ClientIP func(*http.Request) string
	// WriteError writes an error as the response. Required.
	WriteError func(http.ResponseWriter, *http.Request, error)
	// Now returns the time for MaxFailures. Defaults to time.Now.
	Now func() time.Time
}

// Middleware puts who sent a request into its context, and refuses invalid credentials
// on every route, public ones included: a client that sends them expects them to count.
func Middleware(o Options) func(http.Handler) http.Handler {
	if o.ClientIP == nil {
		o.ClientIP = peerIP
	}
	failed := newFailures(cmp.Or(o.MaxFailures, 60), o.Now)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			credentials := r.Header.Values("Authorization")
			if len(credentials) == 0 {
				next.ServeHTTP(w, r)
				return
			}
			principal, err := o.authenticate(r.Context(), credentials)
			if invalid, ok := errors.AsType[*credentialError](err); ok && !invalid.expired {
				if wait := failed.add(httprate.CanonicalizeIP(o.ClientIP(r))); wait > 0 {
					err = tooManyFailures(wait)
				}
			}
			if err != nil {
				o.WriteError(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(identity.With(r.Context(), principal)))
		})
	}
}

// As returns a middleware that takes everybody for one sender, whatever the credentials.
func As(p *identity.Principal) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(identity.With(r.Context(), p)))
		})
	}
}

// authenticate returns who has the credentials.
func (o *Options) authenticate(ctx context.Context, credentials []string) (*identity.Principal, error) {
	token, err := bearerToken(credentials)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(token, keyPrefix) {
		if o.Keys == nil {
			return nil, invalidToken("API keys are not accepted")
		}
		return o.Keys.Verify(ctx, token)
	}
	if o.Issuer == nil {
		return nil, invalidToken("tokens are not accepted")
	}
	return o.Issuer.Verify(ctx, token)
}

func peerIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// tooManyFailures returns the error for an address that has to wait.
func tooManyFailures(wait time.Duration) error {
	p := problem.Status(http.StatusTooManyRequests, "too many invalid credentials from this address")
	p.Header = retryAfter(wait)
	return p
}
