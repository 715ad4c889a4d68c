package authn_test

import (
	"context"
	"fmt"
	"io"
	"net"
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
	i.override(func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
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
	i.override(func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
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
	for name, respond := range map[string]func(i *issuer) middleware{
		"not JSON": func(*issuer) middleware { return always("<html>") },
		"no keys":  func(*issuer) middleware { return keys(`{}`) },
		"null":     func(*issuer) middleware { return keys(`null`) },
		"too much": func(*issuer) middleware { return keys(`{"keys":[],"padding":"` + strings.Repeat("x", 2<<20) + `"}`) },
		"a redirect": func(*issuer) middleware {
			return func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
				if path, direct := strings.CutPrefix(r.URL.Path, "/moved"); direct {
					r.URL.Path = path
					next(w, r)
					return
				}
				http.Redirect(w, r, "/moved"+r.URL.Path, http.StatusFound)
			}
		},
		"another issuer":        func(i *issuer) middleware { return discovery("https://issuer.example", i.URL+"/keys") },
		"keys without https":    func(i *issuer) middleware { return discovery(i.URL, "http://issuer.example/keys") },
		"keys of another kind":  func(i *issuer) middleware { return discovery(i.URL, "file:///etc/passwd") },
		"keys that don't exist": func(i *issuer) middleware { return discovery(i.URL, i.URL+"/nothing") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, s)
			i.override(respond(i))
			service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{Client: everywhere(t, i)})})
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

// everywhere returns a client to which the issuer is behind every address.
func everywhere(t *testing.T, i *issuer) *http.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, i.Listener.Addr().String())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func always(body string) middleware {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) { _, _ = io.WriteString(w, body) }
}

// keys responds to requests for the keys.
func keys(body string) middleware {
	return func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		if r.URL.Path != "/keys" {
			next(w, r)
			return
		}
		_, _ = io.WriteString(w, body)
	}
}

// discovery responds to discoveries.
func discovery(issuer, keys string) middleware {
	return func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		if r.URL.Path == "/keys" {
			next(w, r)
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
	i.override(keys(fmt.Sprintf(`{"keys":[{"kty":"AKP","alg":"ML-DSA-44","kid":"k"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"k"},7,%s]}`, good)))
	service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{})})
	want(t, service.get(t, "Bearer "+s.token(i, nil)), http.StatusNoContent)
}
