package authn_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"commitment/internal/authn"
	"commitment/internal/pgtest"
)

func TestBogusTokensFetchOnce(t *testing.T) {
	t.Parallel()
	s, stranger := newSigner(t, "k"), newSigner(t, "k")
	i := newIssuer(t, s)
	service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{}), MaxFailures: -1})
	want(t, service.get(t, "Bearer "+s.token(i, nil)), http.StatusNoContent)
	fetched := func(n int64) {
		t.Helper()
		if got := i.fetches.Load(); got != n {
			t.Errorf("%d fetches of the keys, want %d", got, n)
		}
		if got := i.discoveries.Load(); got != 1 {
			t.Errorf("%d discoveries, want 1", got)
		}
	}
	fetched(1)

	i.clock.advance(authn.FetchCooldown)
	badSignature := stranger.token(i, nil)
	for range 1000 {
		want(t, service.get(t, "Bearer "+badSignature), http.StatusUnauthorized)
	}
	fetched(1)

	for n := range 1000 {
		want(t, service.get(t, "Bearer "+s.sign(fmt.Sprintf(`{"alg":"ES256","kid":"bogus-%d"}`, n), i.payload(nil))), http.StatusUnauthorized)
	}
	fetched(2)

	i.clock.advance(authn.FetchCooldown)
	var all sync.WaitGroup
	for n := range 1000 {
		token := s.sign(fmt.Sprintf(`{"alg":"ES256","kid":"at-once-%d"}`, n), i.payload(nil))
		all.Go(func() { want(t, service.get(t, "Bearer "+token), http.StatusUnauthorized) })
	}
	all.Wait()
	fetched(3)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	old, next := newSigner(t, "old"), newSigner(t, "next")
	i := newIssuer(t, old)
	service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{}), MaxFailures: -1})
	get := func(s signer, status int) {
		t.Helper()
		want(t, service.get(t, "Bearer "+s.token(i, nil)), status)
	}
	get(old, http.StatusNoContent)

	i.publish(old, next)
	get(next, http.StatusUnauthorized) // nobody asks the issuer within the cooldown
	i.clock.advance(authn.FetchCooldown)
	get(next, http.StatusNoContent)
	get(old, http.StatusNoContent)

	i.publish(next)
	i.clock.advance(authn.RefreshAfter)
	get(old, http.StatusNoContent) // while it is refreshed in the background
	pgtest.WaitFor(t, "the withdrawn key stops working", func() bool {
		return service.get(t, "Bearer "+old.token(i, nil)).Code == http.StatusUnauthorized
	})
	get(next, http.StatusNoContent)
	if got := i.fetches.Load(); got != 3 {
		t.Errorf("%d fetches of the keys, want 3", got)
	}

	i.publish(old)
	i.clock.advance(authn.StaleAfter)
	get(next, http.StatusUnauthorized) // keys that nobody used for long are refreshed first
	i.publish()
	i.clock.advance(authn.StaleAfter)
	get(old, http.StatusUnauthorized)
}

func TestTheIssuerIsDown(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "k")
	i := newIssuer(t, s)
	service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{})})
	attempts := 0
	i.override(func(w http.ResponseWriter, _ *http.Request) {
		attempts++
		w.WriteHeader(http.StatusBadGateway)
	})
	for range 3 {
		w := service.get(t, "Bearer "+s.token(i, nil))
		if code := want(t, w, http.StatusServiceUnavailable); code != "issuer-unavailable" || w.Header().Get("Retry-After") != "10" {
			t.Errorf("problem = %q, Retry-After = %q, want issuer-unavailable in 10 seconds", code, w.Header().Get("Retry-After"))
		}
	}
	if attempts != 1 {
		t.Errorf("%d attempts within the cooldown, want 1", attempts)
	}
	want(t, service.get(t), http.StatusNoContent)

	i.override(nil)
	i.clock.advance(authn.FetchCooldown)
	want(t, service.get(t, "Bearer "+s.token(i, nil)), http.StatusNoContent)

	down := make(chan struct{}, 10)
	i.override(func(w http.ResponseWriter, _ *http.Request) {
		down <- struct{}{}
		w.WriteHeader(http.StatusBadGateway)
	})
	i.clock.advance(authn.RefreshAfter)
	want(t, service.get(t, "Bearer "+s.token(i, nil)), http.StatusNoContent)
	<-down
	i.clock.advance(authn.StaleAfter)
	want(t, service.get(t, "Bearer "+s.token(i, nil)), http.StatusNoContent) // the old keys stay
	<-down
}

// TestTheIssuersResponses checks that a response which isn't a key set changes nothing.
func TestTheIssuersResponses(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "k")
	for name, respond := range map[string]func(i *issuer) http.HandlerFunc{
		"not JSON": func(*issuer) http.HandlerFunc { return text("<html>") },
		"no keys":  func(*issuer) http.HandlerFunc { return text(`{}`) },
		"null":     func(*issuer) http.HandlerFunc { return text(`null`) },
		"too much": func(*issuer) http.HandlerFunc {
			return text(`{"keys":[],"padding":"` + strings.Repeat("x", 2<<20) + `"}`)
		},
		"a redirect": func(i *issuer) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, i.URL+"/keys", http.StatusFound) }
		},
		"another issuer":        func(i *issuer) http.HandlerFunc { return discovery("https://issuer.example", i.URL+"/keys") },
		"keys without https":    func(i *issuer) http.HandlerFunc { return discovery(i.URL, "http://issuer.example/keys") },
		"keys of another kind":  func(i *issuer) http.HandlerFunc { return discovery(i.URL, "file:///etc/passwd") },
		"keys that don't exist": func(i *issuer) http.HandlerFunc { return discovery(i.URL, i.URL+"/nothing") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, s)
			i.override(respond(i))
			service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{})})
			want(t, service.get(t, "Bearer "+s.token(i, nil)), http.StatusServiceUnavailable)

			i.override(nil)
			i.clock.advance(authn.FetchCooldown)
			want(t, service.get(t, "Bearer "+s.token(i, nil)), http.StatusNoContent)
			i.override(respond(i))
			i.clock.advance(authn.StaleAfter)
			want(t, service.get(t, "Bearer "+s.token(i, nil)), http.StatusNoContent)
		})
	}
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func discovery(issuer, keys string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/.well-known/") {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuer, keys)
	}
}

func TestUnknownKindsOfKeysAreSkipped(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "k")
	i := newIssuer(t)
	good, err := s.jwk().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	i.override(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/keys" {
			discovery(i.URL, i.URL+"/keys")(w, r)
			return
		}
		_, _ = fmt.Fprintf(w, `{"keys":[{"kty":"AKP","alg":"ML-DSA-44","kid":"k"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"k"},7,%s]}`, good)
	})
	service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{})})
	want(t, service.get(t, "Bearer "+s.token(i, nil)), http.StatusNoContent)
}
