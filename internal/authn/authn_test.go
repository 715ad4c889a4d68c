package authn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"

	"commitment/internal/authn"
	"commitment/internal/identity"
	"commitment/internal/problem"
)

func TestMain(m *testing.M) {
	// The private server of the tests runs as long as they do.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("commitment/internal/pgserver.(*process).reap"))
}

const audience = "books"

// clock is a clock that only moves when it is told to.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC).Unix())
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(c.now.Load(), 0) }
func (c *clock) advance(d time.Duration) { c.now.Add(int64(d / time.Second)) }

// signer is a key of an issuer.
type signer struct {
	id      string
	private *ecdsa.PrivateKey
}

func newSigner(t *testing.T, id string) signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{id, private}
}

func (s signer) jwk() jose.JSONWebKey {
	return jose.JSONWebKey{Key: &s.private.PublicKey, KeyID: s.id, Algorithm: "ES256", Use: "sig"}
}

// sign returns a token with this header and payload, letter for letter, signed with
// ES256 whatever the header says.
func (s signer) sign(header, payload string) string {
	signed := encode(header) + "." + encode(payload)
	digest := sha256.Sum256([]byte(signed))
	r, sig, err := ecdsa.Sign(rand.Reader, s.private, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + encode(string(r.FillBytes(make([]byte, 32)))+string(sig.FillBytes(make([]byte, 32))))
}

func (s signer) header() string { return fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"JWT"}`, s.id) }

// token returns a valid token, whose claims the given ones replace; nil removes one.
func (s signer) token(i *issuer, claims map[string]any) string {
	return s.sign(s.header(), i.payload(claims))
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// middleware may respond instead of next.
type middleware func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc)

// issuer is an OpenID Connect issuer whose every response can be changed.
type issuer struct {
	*httptest.Server
	clock       *clock
	discoveries atomic.Int64
	fetches     atomic.Int64 // of the keys

	mu      sync.Mutex
	keys    jose.JSONWebKeySet
	respond middleware // around everything else
}

func newIssuer(t *testing.T, signers ...signer) *issuer {
	t.Helper()
	i := &issuer{clock: newClock()}
	i.publish(signers...)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		respond := i.respond
		i.mu.Unlock()
		if respond != nil {
			respond(w, r, i.serve)
			return
		}
		i.serve(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		i.discoveries.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	case "/keys":
		i.fetches.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		_ = json.NewEncoder(w).Encode(i.keys)
	default:
		http.NotFound(w, r)
	}
}

// publish replaces the issuer's keys.
func (i *issuer) publish(signers ...signer) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, s := range signers {
		set.Keys = append(set.Keys, s.jwk())
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = set
}

// override makes the issuer respond through f; nil ends that.
func (i *issuer) override(f middleware) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.respond = f
}

// payload returns the payload of a valid token, with changes.
func (i *issuer) payload(changes map[string]any) string {
	now := i.clock.Now().Unix()
	claims := map[string]any{
		"iss": i.URL, "aud": audience, "sub": "ann", "exp": now + 300, "iat": now, "nbf": now,
		"scope": "books:read books:write", "tenant_id": "acme",
	}
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return string(payload)
}

// verifier returns an Issuer for the issuer's tokens.
func (i *issuer) verifier(t *testing.T, o authn.IssuerOptions) *authn.Issuer {
	t.Helper()
	o.URL, o.Audience, o.Now, o.Log = i.URL, audience, i.clock.Now, slog.New(slog.DiscardHandler)
	verifier, err := authn.NewIssuer(o)
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

// service is a handler behind the middleware, which counts the requests that reach it.
type service struct {
	http.Handler
	reached   atomic.Int64
	principal atomic.Pointer[identity.Principal] // of the last request
}

func newService(o authn.Options) *service {
	s := &service{}
	pw := &problem.Writer{Log: slog.New(slog.DiscardHandler)}
	o.WriteError = pw.Write
	s.Handler = authn.Middleware(o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.reached.Add(1)
		s.principal.Store(identity.From(r.Context()))
		w.WriteHeader(http.StatusNoContent)
	}))
	return s
}

// get sends a request with these Authorization fields.
func (s *service) get(t *testing.T, authorization ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	if authorization != nil {
		r.Header["Authorization"] = authorization
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// want checks the status of a response, and returns the last part of its problem's type.
func want(t *testing.T, w *httptest.ResponseRecorder, status int) string {
	t.Helper()
	if w.Code != status {
		t.Errorf("response = %d %s, want %d", w.Code, w.Body, status)
	}
	var p problem.Problem
	_ = json.Unmarshal(w.Body.Bytes(), &p)
	return p.Code()
}
