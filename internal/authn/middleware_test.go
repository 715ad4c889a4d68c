package authn_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"commitment/internal/authn"
)

func TestWithoutCredentials(t *testing.T) {
	t.Parallel()
	service := newService(authn.Options{})
	want(t, service.get(t), http.StatusNoContent)
	if got := service.principal.Load(); got != nil {
		t.Errorf("principal = %+v, want none", got)
	}
	if code := want(t, service.get(t, "Bearer a.b.c"), http.StatusUnauthorized); code != "invalid-token" {
		t.Errorf("problem = %q, want invalid-token", code)
	}
}

func TestFailuresAreLimited(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "k")
	i := newIssuer(t, s)
	address := "192.0.2.1"
	service := newService(authn.Options{
		Issuer: i.verifier(t, authn.IssuerOptions{}), MaxFailures: 2, Now: i.clock.Now,
		ClientIP: func(*http.Request) string { return address },
	})
	get := func(token string, status int) *httptest.ResponseRecorder {
		t.Helper()
		w := service.get(t, "Bearer "+token)
		want(t, w, status)
		return w
	}
	expired := s.token(i, map[string]any{"exp": 0})
	for range 5 {
		get(expired, http.StatusUnauthorized)
	}
	get("bogus", http.StatusUnauthorized)
	i.clock.advance(10 * time.Second)
	get("bogus", http.StatusUnauthorized)
	w := get("bogus", http.StatusTooManyRequests)
	if got := w.Header().Get("Retry-After"); got != "50" {
		t.Errorf("Retry-After = %q, want 50", got)
	}
	if got := w.Header().Get("WWW-Authenticate"); got != "" {
		t.Errorf("WWW-Authenticate = %q with a 429, want none", got)
	}
	get(s.token(i, nil), http.StatusNoContent) // nobody can lock out others at the same address
	get(expired, http.StatusUnauthorized)      // by which a client learns to renew its token
	want(t, service.get(t), http.StatusNoContent)

	address = "192.0.2.2"
	get("bogus", http.StatusUnauthorized)
	address = "192.0.2.1"
	i.clock.advance(50 * time.Second)
	get("bogus", http.StatusUnauthorized)
	get("bogus", http.StatusUnauthorized)
	get("bogus", http.StatusTooManyRequests)

	address = "2001:db8::1"
	get("bogus", http.StatusUnauthorized)
	address = "2001:db8::2"
	get("bogus", http.StatusUnauthorized)
	address = "2001:db8::3"
	get("bogus", http.StatusTooManyRequests) // a network of IPv6 is one client
}

func TestTheAddressIsThePeersByDefault(t *testing.T) {
	t.Parallel()
	service := newService(authn.Options{MaxFailures: 1})
	for _, tt := range []struct {
		peer   string
		status int
	}{
		{"192.0.2.1:1", http.StatusUnauthorized},
		{"192.0.2.1:2", http.StatusTooManyRequests},
		{"192.0.2.2:1", http.StatusUnauthorized},
		{"@", http.StatusUnauthorized}, // a Unix socket
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = tt.peer
		r.Header.Set("Authorization", "Bearer bogus")
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		want(t, w, tt.status)
	}
}

func TestAddressesAreForgotten(t *testing.T) {
	t.Parallel()
	if got := authn.CountAddresses(3 * authn.MaxAddresses); got != authn.MaxAddresses {
		t.Errorf("%d addresses are remembered, want %d", got, authn.MaxAddresses)
	}
}
