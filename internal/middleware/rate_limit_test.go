package middleware_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"commitment/internal/middleware"
	"commitment/internal/problem"
)

// from returns a request from an address, forwarded for the others.
func from(t *testing.T, address, forwarded string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/products", http.NoBody)
	r.RemoteAddr = address
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	return r
}

// limited returns a server that allows each client so many requests, behind proxies.
func limited(perMinute int, proxies ...string) http.Handler {
	pw, _ := newProblems()
	done := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return middleware.ClientIP(proxies)(middleware.RateLimit(perMinute, pw)(done))
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	h := limited(2)
	for i, want := range []int{http.StatusNoContent, http.StatusNoContent, http.StatusTooManyRequests, http.StatusTooManyRequests} {
		w := serve(h, from(t, "192.0.2.1:"+strconv.Itoa(4000+i), ""))
		if w.Code != want {
			t.Errorf("request %d = %d, want %d", i+1, w.Code, want)
		}
		if want == http.StatusNoContent && len(w.Header()) > 0 {
			t.Errorf("header = %v, want nothing but what the handler sets", w.Header())
		}
	}
	w := serve(h, from(t, "192.0.2.1:4000", ""))
	var p problem.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("body = %s: %v", w.Body, err)
	}
	if p.Type != "urn:problem-type:too-many-requests" || p.Status != http.StatusTooManyRequests {
		t.Errorf("problem = %+v, want one of too many requests", p)
	}
	if seconds, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || seconds < 1 || seconds > 60 {
		t.Errorf("Retry-After = %q, want seconds, a minute at most", w.Header().Get("Retry-After"))
	}
	if w := serve(h, from(t, "192.0.2.2:4000", "")); w.Code != http.StatusNoContent {
		t.Errorf("request of another client = %d, want 204", w.Code)
	}
}

func TestRateLimitKnowsTheClient(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		first, second *http.Request
		want          int
	}{
		{"a header of anybody is not believed", from(t, "192.0.2.1:1", "198.51.100.1"), from(t, "192.0.2.1:2", "198.51.100.2"), http.StatusTooManyRequests},
		{"clients behind a proxy are told apart", from(t, "10.0.0.1:1", "198.51.100.1"), from(t, "10.0.0.1:1", "198.51.100.2"), http.StatusNoContent},
		{"a client is the same by way of two proxies", from(t, "10.0.0.1:1", "198.51.100.1"), from(t, "10.0.0.2:1", "198.51.100.1"), http.StatusTooManyRequests},
		{"what a client claims is not believed", from(t, "10.0.0.1:1", "1.1.1.1, 198.51.100.1"), from(t, "10.0.0.1:1", "2.2.2.2, 198.51.100.1"), http.StatusTooManyRequests},
		{"a proxy without the header is the client", from(t, "10.0.0.1:1", ""), from(t, "10.0.0.2:1", ""), http.StatusNoContent},
		{"a network of IPv6 is one client", from(t, "[2001:db8::1]:1", ""), from(t, "[2001:db8::2]:1", ""), http.StatusTooManyRequests},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := limited(1, "10.0.0.0/8")
			if w := serve(h, tt.first); w.Code != http.StatusNoContent {
				t.Errorf("first = %d, want 204", w.Code)
			}
			if w := serve(h, tt.second); w.Code != tt.want {
				t.Errorf("second = %d, want %d", w.Code, tt.want)
			}
		})
	}
}

func TestRateLimitIsOff(t *testing.T) {
	t.Parallel()
	h := limited(0)
	for range 1000 {
		if w := serve(h, from(t, "192.0.2.1:1", "")); w.Code != http.StatusNoContent {
			t.Fatalf("status = %d, want 204", w.Code)
		}
	}
}

func TestAccessLogHasTheClientOfAProxy(t *testing.T) {
	t.Parallel()
	log, lines := newLog()
	h := middleware.ClientIP([]string{"10.0.0.0/8"})(middleware.AccessLog(log, func(*http.Request) string { return "/x" }, 0)(http.NotFoundHandler()))
	serve(h, from(t, "10.0.0.1:1", "198.51.100.1"))
	if got := onlyRecord(t, lines)["remote_ip"]; got != "198.51.100.1" {
		t.Errorf("remote_ip = %v, want 198.51.100.1", got)
	}
}
