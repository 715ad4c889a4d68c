package authn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"commitment/internal/identity"
)

// IssuerOptions configure an Issuer.
type IssuerOptions struct {
	// URL identifies the issuer: the claim iss of its tokens, letter for letter. Its keys
	// are discovered below it, so it must be https unless its host is a loopback address.
	// Required.
	URL string
	// Audience identifies this service: a token must name it in its claim aud. Required.
	Audience string
	// TenantClaim is the claim that names the sender's tenant. Defaults to tenant_id.
	TenantClaim string
	// Keys are the issuer's public keys. Defaults to those that the issuer publishes.
	Keys *jose.JSONWebKeySet
	// Client fetches the issuer's keys; redirects aren't followed. Defaults to a client
	// of its own.
	Client *http.Client
	// Log receives why keys couldn't be fetched. Defaults to slog.Default().
	Log *slog.Logger
	// Now returns the time. Defaults to time.Now.
	Now func() time.Time
}

// Issuer verifies the tokens of one issuer: JWTs (RFC 7519) that are signed by its
// current keys. It knows access tokens (RFC 9068) and ID tokens, and tells them apart by
// nothing but their audience: an ID token's is the client. It is safe for concurrent
// use.
type Issuer struct {
	options IssuerOptions
	keys    keySource
}

// A keySource returns the keys that may have signed a token.
type keySource interface {
	find(ctx context.Context, kid, alg string) ([]verificationKey, error)
}

// NewIssuer returns an Issuer. It fetches nothing: the first token does, so that the
// service starts while its issuer is down.
func NewIssuer(o IssuerOptions) (*Issuer, error) {
	if o.URL == "" || o.Audience == "" {
		return nil, errors.New("authn: an issuer needs a URL and an audience")
	}
	o.TenantClaim = cmp.Or(o.TenantClaim, "tenant_id")
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Keys != nil {
		return &Issuer{options: o, keys: staticKeys(usableKeys(o.Keys.Keys))}, nil
	}
	if err := checkURL(o.URL); err != nil {
		return nil, fmt.Errorf("authn: issuer: %w", err)
	}
	return &Issuer{options: o, keys: newRemoteKeys(newProvider(o.URL, o.Client), o.Log, o.Now)}, nil
}

// checkURL refuses a URL that others on the network could answer for.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return err
	}
	if u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return fmt.Errorf("the URL %s must begin with https://", u.Redacted())
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Verify returns the sender that a token names. Errors are 401s, except for
// issuer-unavailable, which is a 503, and the end of ctx.
func (i *Issuer) Verify(ctx context.Context, token string) (*identity.Principal, error) {
	parsed, err := parseToken(token)
	if err != nil {
		return nil, invalidTokenBecause("the token is malformed", err)
	}
	if err := parsed.header.check(); err != nil {
		return nil, invalidTokenBecause("the token is of another kind", err)
	}
	keys, err := i.keys.find(ctx, parsed.header.KeyID, parsed.header.Algorithm)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, invalidToken("the token is signed by an unknown key")
	}
	if !parsed.signedBy(keys) {
		return nil, invalidToken("the token's signature is invalid")
	}
	claims, err := parseClaims(parsed.payload)
	if err != nil {
		return nil, invalidTokenBecause("the token's claims are malformed", err)
	}
	if err := claims.check(i.options.URL, i.options.Audience, i.options.Now()); err != nil {
		return nil, err
	}
	principal, err := claims.principal(i.options.TenantClaim)
	if err != nil {
		return nil, invalidTokenBecause("the token's claims are malformed", err)
	}
	return principal, nil
}
