package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"commitment/internal/httpapi"
	"commitment/internal/openapitest"
)

// allow lets pages of the origins use the API.
func (s *service) allow(t *testing.T, origins ...string) {
	t.Helper()
	o := s.options(5 * time.Second)
	o.Origins = origins
	server := httptest.NewServer(openapitest.Check(t, httpapi.NewThings(o)))
	t.Cleanup(server.Close)
	s.url = server.URL
}

func TestPagesOfAllowedOriginsMayUseTheAPI(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	s.allow(t, "https://app.example", "https://*.example.com")
	const body = `{"name":"x","kind":"new"}`
	for _, origin := range []string{"https://app.example", "https://a.example.com"} {
		p := s.send(t, "OPTIONS", "/v1/things", "", "Origin", origin,
			"Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "content-type,idempotency-key,if-match")
		p.want(t, http.StatusOK).wantHeader(t, "Access-Control-Allow-Origin", origin)
		p.wantHeader(t, "Access-Control-Allow-Methods", "PATCH")
		if p.header.Get("Access-Control-Allow-Headers") == "" || p.header.Get("Access-Control-Max-Age") == "" {
			t.Errorf("preflight = %v, want headers and an age", p.header)
		}
		for name, status := range map[string]int{"/v1/things": 200, "/v1/nothing": 404, "/v1/things?limit=x": 422} {
			a := s.send(t, "GET", name, "", "Origin", origin).want(t, status)
			a.wantHeader(t, "Access-Control-Allow-Origin", origin)
			a.wantHeader(t, "Vary", "Origin")
			a.wantHeader(t, "Access-Control-Allow-Credentials", "")
			for _, exposed := range []string{"ETag", "Location", "Idempotent-Replayed"} {
				if !slices.ContainsFunc(strings.Split(a.header.Get("Access-Control-Expose-Headers"), ", "),
					func(name string) bool { return strings.EqualFold(name, exposed) }) {
					t.Errorf("exposed = %q, want %s", a.header.Get("Access-Control-Expose-Headers"), exposed)
				}
			}
		}
	}
	first := s.send(t, "POST", "/v1/things", body, "Origin", "https://app.example", "Idempotency-Key", "k").want(t, 201)
	again := s.send(t, "POST", "/v1/things", body, "Origin", "https://a.example.com", "Idempotency-Key", "k").want(t, 201)
	again.wantHeader(t, "Idempotent-Replayed", "true")
	again.wantHeader(t, "Access-Control-Allow-Origin", "https://a.example.com")
	if first.body != again.body || len(again.header["Vary"]) != 1 {
		t.Errorf("replayed response = %v %q, want %q", again.header, again.body, first.body)
	}
}

func TestOtherPagesMayNot(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	for _, origins := range [][]string{nil, {"https://app.example"}} {
		s.allow(t, origins...)
		for _, origin := range []string{"https://evil.example", "https://app.example.evil.example", "http://app.example", "null"} {
			s.send(t, "GET", "/v1/things", "", "Origin", origin).wantHeader(t, "Access-Control-Allow-Origin", "")
			s.send(t, "OPTIONS", "/v1/things", "", "Origin", origin, "Access-Control-Request-Method", "POST").
				wantHeader(t, "Access-Control-Allow-Origin", "")
		}
	}
}
