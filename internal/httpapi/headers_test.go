package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/fault"
	"commitment/internal/problem"
)

var errLoggedOut = problem.Status(http.StatusUnauthorized, "log in")

// refusals are errors with a header, by the name of the kind.
var refusals = map[string]func() error{
	"huma's": func() error {
		return huma.ErrorWithHeaders(huma.Error401Unauthorized("log in"), challenges())
	},
	"a shared problem": func() error {
		return huma.ErrorWithHeaders(errLoggedOut, challenges())
	},
	"wrapped": func() error {
		return fmt.Errorf("authenticate: %w", huma.ErrorWithHeaders(fmt.Errorf("check: %w", errLoggedOut), challenges()))
	},
	"added twice": func() error {
		return huma.ErrorWithHeaders(huma.ErrorWithHeaders(errLoggedOut, http.Header{challenge: challenges()[challenge][:1]}),
			http.Header{challenge: challenges()[challenge][1:]})
	},
	"with the default replaced": func() error {
		return huma.ErrorWithHeaders(fault.New(fault.Unavailable, "", "come back later"), http.Header{"Retry-After": {"30"}, "Link": {"</status>"}})
	},
	"of an error that isn't shown": func() error {
		return huma.ErrorWithHeaders(errors.New("secret"), http.Header{"Link": {"</status>"}})
	},
}

// challenge is spelled as RFC 9110 does, which isn't as net/http does.
var challenge = "WWW-Authenticate"

func challenges() http.Header {
	return http.Header{challenge: {`Bearer realm="a"`, `Basic realm="b"`}}
}

type refusedInput struct {
	Kind     string `query:"kind"`
	Resolver bool   `query:"resolver"`
	Body     struct{}
}

// Resolve refuses as the handler does.
func (in *refusedInput) Resolve(huma.Context) []error {
	if in.Resolver {
		return []error{refusals[in.Kind]()}
	}
	return nil
}

func TestAnErrorKeepsItsHeader(t *testing.T) {
	t.Parallel()
	url, _ := custom(t, func(a *api) {
		handle(a, "POST /refused", "refuse", "Refuse.", func(_ context.Context, in *refusedInput) (*struct{}, error) {
			return nil, refusals[in.Kind]()
		}, fault.New(fault.Unauthenticated, "", "log in"))
	})
	for kind, query := range map[string]string{
		"huma's":           "huma's",
		"a shared problem": "a+shared+problem",
		"wrapped":          "wrapped",
		"added twice":      "added+twice",
	} {
		for _, from := range []string{"", "&resolver=true"} {
			for _, key := range []string{"", "k-" + strings.ReplaceAll(kind, " ", "-") + from} {
				p := refused(t, url+"/refused?kind="+query+from, key)
				both := cmp.Equal(p.Header.Values(challenge), challenges()[challenge])
				if !both || p.Status != http.StatusUnauthorized || p.Detail != "log in" || p.RequestID == "" || !cmp.Equal(p.Header.Values("Cache-Control"), []string{"no-store"}) {
					t.Errorf("%s%s with the key %q = %+v, want 401 with both challenges once", kind, from, key, p)
				}
			}
		}
	}
	p := refused(t, url+"/refused?kind=with+the+default+replaced", "")
	if !cmp.Equal(p.Header.Values("Retry-After"), []string{"30"}) || p.Header.Get("Link") != "</status>" || p.Status != http.StatusServiceUnavailable {
		t.Errorf("response = %+v, want 503 with the handler's header", p)
	}
	p = refused(t, url+"/refused?kind=of+an+error+that+isn't+shown", "k2")
	if p.Header.Get("Link") != "</status>" || p.Status != http.StatusInternalServerError || strings.Contains(p.Detail, "secret") {
		t.Errorf("response = %+v, want an internal error with the handler's header", p)
	}
}

// refused posts, and returns the error that is the response, with its header.
func refused(t *testing.T, url, key string) problem.Problem {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var p problem.Problem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	if p.Status != resp.StatusCode {
		t.Errorf("status = %d in the body, want %d", p.Status, resp.StatusCode)
	}
	p.Header = resp.Header
	return p
}
