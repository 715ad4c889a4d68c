// Package provider_test verifies the tokens of an OpenID provider that others wrote:
// github.com/zitadel/oidc, which is certified. It is here because the provider's
// modules don't belong in the service's go.mod.
package provider_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"commitment/internal/authn"
	"commitment/internal/fault"
	"commitment/internal/identity"
)

const audience = "books"

// signingKey is a key of the provider.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

func newSigningKey(t *testing.T, id string) signingKey {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return signingKey{id, private}
}

func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k signingKey) Key() any                                    { return k.private }
func (k signingKey) ID() string                                  { return k.id }

// publicKey is the half of it that the provider publishes.
type publicKey struct{ signingKey }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.private.PublicKey }

// client gets JWTs as access tokens.
type client struct{ op.Client }

func (client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }

// store is the provider's example of a storage, with keys that rotate and with clients
// that get JWTs for this service.
type store struct {
	*storage.Storage

	mu        sync.Mutex
	signing   signingKey
	published []signingKey
}

// rotate makes the provider sign with a key, and publish some.
func (s *store) rotate(signing signingKey, published ...signingKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signing, s.published = signing, published
}

func (s *store) SigningKey(context.Context) (op.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signing, nil
}

func (s *store) KeySet(context.Context) ([]op.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []op.Key
	for _, k := range s.published {
		keys = append(keys, publicKey{k})
	}
	return keys, nil
}

func (s *store) ClientCredentials(ctx context.Context, id, secret string) (op.Client, error) {
	c, err := s.Storage.ClientCredentials(ctx, id, secret)
	return client{c}, err
}

func (s *store) ClientCredentialsTokenRequest(_ context.Context, id string, scopes []string) (op.TokenRequest, error) {
	return &oidc.JWTTokenRequest{Subject: id, Audience: []string{audience}, Scopes: scopes}, nil
}

func (s *store) GetPrivateClaimsFromScopes(_ context.Context, _, _ string, scopes []string) (map[string]any, error) {
	return map[string]any{"scope": strings.Join(scopes, " "), "tenant_id": "acme"}, nil
}

// provider is an OpenID provider on the network.
type provider struct {
	*httptest.Server
	*store
	fetches atomic.Int64 // of the keys
}

func newProvider(t *testing.T, keys ...signingKey) *provider {
	t.Helper()
	p := &provider{Server: httptest.NewUnstartedServer(nil)}
	issuer := "http://" + p.Listener.Addr().String()
	p.store = &store{Storage: storage.NewStorage(storage.NewUserStore(issuer))}
	p.rotate(keys[0], keys...)
	handler, err := op.NewProvider(&op.Config{CryptoKey: [32]byte{1}}, p.store, op.StaticIssuer(issuer), op.WithAllowInsecure())
	if err != nil {
		t.Fatal(err)
	}
	p.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			p.fetches.Add(1)
		}
		handler.ServeHTTP(w, r)
	})
	p.Start()
	t.Cleanup(p.Close)
	return p
}

// token gets an access token by the provider's own protocol.
func (p *provider) token(t *testing.T, scope string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("sid1", "verysecret")
	resp, err := p.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the provider responds %s, %v", resp.Status, err)
	}
	return body.AccessToken
}

// service is a handler behind the middleware, which responds with the sender.
type service struct {
	http.Handler
	ahead atomic.Int64 // of the clock
}

func newService(t *testing.T, issuerURL, audience string) *service {
	t.Helper()
	s := &service{}
	now := func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }
	issuer, err := authn.NewIssuer(authn.IssuerOptions{URL: issuerURL, Audience: audience, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = authn.Middleware(authn.Options{
		Issuer: issuer,
		WriteError: func(w http.ResponseWriter, _ *http.Request, err error) {
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Unauthenticated {
				t.Errorf("error = %v, want a 401", err)
			}
			http.Error(w, err.Error(), http.StatusUnauthorized)
		},
	})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(identity.From(r.Context()))
	}))
	return s
}

func (s *service) get(t *testing.T, token string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// want checks the response to a token.
func (s *service) want(t *testing.T, token string, status int, text string) {
	t.Helper()
	if w := s.get(t, token); w.Code != status || !strings.Contains(w.Body.String(), text) {
		t.Errorf("response = %d %s, want %d with %q", w.Code, w.Body, status, text)
	}
}

func TestTokensOfAProvider(t *testing.T) {
	t.Parallel()
	p := newProvider(t, newSigningKey(t, "one"))
	s := newService(t, p.URL, audience)
	var got identity.Principal
	if err := json.Unmarshal(s.get(t, p.token(t, "books:read books:write")).Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Subject != "sid1" || got.Tenant != identity.TenantID("acme") || !slices.Equal(got.Scopes, []string{"books:read", "books:write"}) {
		t.Errorf("principal = %+v, want the client, its tenant and its scopes", got)
	}
	newService(t, p.URL, "shop").want(t, p.token(t, ""), http.StatusUnauthorized, "another audience")

	other := newProvider(t, newSigningKey(t, "one"))
	s.want(t, other.token(t, ""), http.StatusUnauthorized, "signature is invalid")
	s.want(t, strings.TrimRight(p.token(t, ""), "=")[:100], http.StatusUnauthorized, "malformed")
}

func TestRotationOfAProvider(t *testing.T) {
	t.Parallel()
	one, two, three := newSigningKey(t, "one"), newSigningKey(t, "two"), newSigningKey(t, "three")
	p := newProvider(t, one)
	s := newService(t, p.URL, audience)
	first := p.token(t, "")
	s.want(t, first, http.StatusOK, "sid1")

	p.rotate(two, one, two)
	second := p.token(t, "")
	s.want(t, second, http.StatusUnauthorized, "unknown key") // within the cooldown
	s.ahead.Add(int64(10 * time.Second))
	s.want(t, second, http.StatusOK, "sid1")
	s.want(t, first, http.StatusOK, "sid1")

	p.rotate(three, three)
	s.ahead.Add(int64(10 * time.Second))
	s.want(t, p.token(t, ""), http.StatusOK, "sid1")
	for _, replayed := range []string{first, second} {
		s.want(t, replayed, http.StatusUnauthorized, "unknown key")
	}
	if got := p.fetches.Load(); got != 3 {
		t.Errorf("%d fetches of the keys, want 3", got)
	}
}
