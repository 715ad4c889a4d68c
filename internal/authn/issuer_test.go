package authn_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/authn"
	"commitment/internal/identity"
)

func TestPrincipal(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "k")
	i := newIssuer(t, s)
	standard := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{})})
	custom := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{TenantClaim: "https://example.com/org"})})
	acme := identity.TenantID("acme")
	for _, tt := range []struct {
		name    string
		service *service
		claims  map[string]any
		want    identity.Principal
	}{
		{"scope", standard, nil, identity.Principal{Subject: "ann", Tenant: acme, Scopes: []string{"books:read", "books:write"}}},
		{"scp as text", standard, map[string]any{"scope": nil, "scp": "a b"}, identity.Principal{Subject: "ann", Tenant: acme, Scopes: []string{"a", "b"}}},
		{"scp as a list", standard, map[string]any{"scope": nil, "scp": []string{"a", "b"}}, identity.Principal{Subject: "ann", Tenant: acme, Scopes: []string{"a", "b"}}},
		{"scope before scp", standard, map[string]any{"scope": "", "scp": "admin"}, identity.Principal{Subject: "ann", Tenant: acme}},
		{"no scopes", standard, map[string]any{"scope": nil}, identity.Principal{Subject: "ann", Tenant: acme}},
		{"no tenant", standard, map[string]any{"tenant_id": nil, "scope": "a"}, identity.Principal{Subject: "ann", Scopes: []string{"a"}}},
		{"an empty tenant", standard, map[string]any{"tenant_id": "", "scope": "a"}, identity.Principal{Subject: "ann", Scopes: []string{"a"}}},
		{"a tenant by its id", standard, map[string]any{"tenant_id": acme.String(), "scope": "a"}, identity.Principal{Subject: "ann", Tenant: acme, Scopes: []string{"a"}}},
		{"a claim of its own", custom, map[string]any{"https://example.com/org": "globex", "scope": "a"},
			identity.Principal{Subject: "ann", Tenant: identity.TenantID("globex"), Scopes: []string{"a"}}},
		{"several audiences", standard, map[string]any{"aud": []string{"shop", audience}, "scope": "a"}, identity.Principal{Subject: "ann", Tenant: acme, Scopes: []string{"a"}}},
		{"a subject of 255 characters", standard, map[string]any{"sub": strings.Repeat("é", 255), "scope": "a"},
			identity.Principal{Subject: strings.Repeat("é", 255), Tenant: acme, Scopes: []string{"a"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want(t, tt.service.get(t, "Bearer "+s.token(i, tt.claims)), http.StatusNoContent)
			got := tt.service.principal.Load()
			if len(got.Scopes) == 0 {
				got.Scopes = nil
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("principal (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "k")
	i := newIssuer(t, s)
	service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{}), MaxFailures: -1})
	now := i.clock.Now().Unix()
	for _, tt := range []struct {
		claim  string
		offset float64 // seconds from now
		status int
	}{
		{"exp", 1, http.StatusNoContent},
		{"exp", -29, http.StatusNoContent},
		{"exp", -29.5, http.StatusNoContent},
		{"exp", -30, http.StatusUnauthorized},
		{"exp", -31, http.StatusUnauthorized},
		{"exp", 1e300, http.StatusNoContent},
		{"exp", -1e300, http.StatusUnauthorized},
		{"nbf", 29, http.StatusNoContent},
		{"nbf", 30, http.StatusNoContent},
		{"nbf", 31, http.StatusUnauthorized},
		{"nbf", 1e300, http.StatusUnauthorized},
		{"iat", 29, http.StatusNoContent},
		{"iat", 31, http.StatusUnauthorized},
		{"iat", -1e9, http.StatusNoContent},
	} {
		t.Run(fmt.Sprint(tt.claim, tt.offset), func(t *testing.T) {
			token := s.token(i, map[string]any{tt.claim: float64(now) + tt.offset})
			want(t, service.get(t, "Bearer "+token), tt.status)
		})
	}
	for _, claim := range []string{"nbf", "iat"} {
		want(t, service.get(t, "Bearer "+s.token(i, map[string]any{claim: nil})), http.StatusNoContent)
	}
}

func TestTypesOfTokens(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "k")
	i := newIssuer(t, s)
	service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{})})
	for _, typ := range []string{"JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt", ""} {
		token := s.sign(fmt.Sprintf(`{"alg":"ES256","kid":"k","typ":%q}`, typ), i.payload(nil))
		want(t, service.get(t, "Bearer "+token), http.StatusNoContent)
	}
	for _, authorization := range []string{"bearer ", "BEARER ", "Bearer   "} {
		want(t, service.get(t, authorization+s.token(i, nil)), http.StatusNoContent)
	}
}

// TestAlgorithms checks each algorithm with a token that go-jose signed, and that a key
// of one algorithm doesn't verify another's.
func TestAlgorithms(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey := func(curve elliptic.Curve) crypto.Signer {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[jose.SignatureAlgorithm]crypto.Signer{
		jose.RS256: rsaKey, jose.RS384: rsaKey, jose.RS512: rsaKey, jose.PS256: rsaKey, jose.PS384: rsaKey, jose.PS512: rsaKey,
		jose.ES256: ecKey(elliptic.P256()), jose.ES384: ecKey(elliptic.P384()), jose.ES512: ecKey(elliptic.P521()), jose.EdDSA: edKey,
	}
	i := newIssuer(t)
	var set jose.JSONWebKeySet
	for alg, key := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: string(alg), Algorithm: string(alg)})
	}
	service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{Keys: &set}), MaxFailures: -1})
	for alg, key := range keys {
		token := signWith(t, alg, string(alg), key, i.payload(nil))
		want(t, service.get(t, "Bearer "+token), http.StatusNoContent)
		// The issuer has one key for each algorithm, so a token needs no kid.
		want(t, service.get(t, "Bearer "+signWith(t, alg, "", key, i.payload(nil))), http.StatusNoContent)
		for other := range keys {
			if other != alg {
				want(t, service.get(t, "Bearer "+signWith(t, alg, string(other), key, i.payload(nil))), http.StatusUnauthorized)
			}
		}
		tampered := []byte(token)
		tampered[len(tampered)-10] ^= 1
		want(t, service.get(t, "Bearer "+string(tampered)), http.StatusUnauthorized)
	}
}

// signWith returns a token that go-jose signed.
func signWith(t *testing.T, alg jose.SignatureAlgorithm, kid string, key crypto.Signer, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestATokenWithoutAKidNeedsTheOnlyKey(t *testing.T) {
	t.Parallel()
	one, two := newSigner(t, "one"), newSigner(t, "two")
	i := newIssuer(t, one)
	service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{})})
	token := one.sign(`{"alg":"ES256"}`, i.payload(nil))
	want(t, service.get(t, "Bearer "+token), http.StatusNoContent)
	i.publish(one, two)
	i.clock.advance(authn.StaleAfter)
	token = one.sign(`{"alg":"ES256"}`, i.payload(nil))
	want(t, service.get(t, "Bearer "+token), http.StatusUnauthorized)
	want(t, service.get(t, "Bearer "+one.token(i, nil)), http.StatusNoContent)
}

func TestNewIssuerRefuses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]authn.IssuerOptions{
		"no URL":                   {Audience: audience},
		"no audience":              {URL: "https://issuer.example"},
		"http":                     {URL: "http://issuer.example", Audience: audience},
		"http with a loopback sub": {URL: "http://localhost.example", Audience: audience},
		"a path alone":             {URL: "/realms/x", Audience: audience},
		"another scheme":           {URL: "file:///etc/passwd", Audience: audience},
		"no host":                  {URL: "https://", Audience: audience},
	} {
		if _, err := authn.NewIssuer(o); err == nil {
			t.Errorf("%s: NewIssuer succeeds, want an error", name)
		}
	}
	for _, url := range []string{"https://issuer.example/realms/x", "http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"} {
		if _, err := authn.NewIssuer(authn.IssuerOptions{URL: url, Audience: audience}); err != nil {
			t.Errorf("NewIssuer(%s) = %v, want none", url, err)
		}
	}
}

// TestVerifyRefusesWhatNoHeaderHas checks tokens that can't come from the middleware.
func TestVerifyRefusesWhatNoHeaderHas(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "k")
	i := newIssuer(t, s)
	verifier, token := i.verifier(t, authn.IssuerOptions{}), s.token(i, nil)
	if _, err := verifier.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", " " + token, token + "\n", token[:20] + "\r\n" + token[20:], "Bearer " + token} {
		if got, err := verifier.Verify(t.Context(), text); err == nil {
			t.Errorf("Verify(%q) = %v, want an error", text, got)
		}
	}
}
