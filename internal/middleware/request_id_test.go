package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"commitment/internal/middleware"
)

func TestRequestID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, inbound string
		kept          bool
	}{
		{"keeps an inbound id", "Trace-1_2.3", true},
		{"keeps one of 128 characters", strings.Repeat("a", 128), true},
		{"replaces one of 129 characters", strings.Repeat("a", 129), false},
		{"replaces one with a space", "a b", false},
		{"replaces one with a line break", "a\nlevel=ERROR", false},
		{"replaces one with a line break", "a\n", false},
		{"replaces a non-ASCII one", "é", false},
		{"makes one where there is none", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var seen string
			h := middleware.RequestID(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				seen = middleware.RequestIDFrom(r.Context())
			}))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("X-Request-Id", tt.inbound)
			if sent := serve(h, r).Header().Get("X-Request-Id"); sent != seen {
				t.Errorf("X-Request-Id = %q, want the context's %q", sent, seen)
			}
			if kept := seen == tt.inbound; kept != tt.kept {
				t.Errorf("id = %q for the inbound %q, want it kept: %t", seen, tt.inbound, tt.kept)
			}
			if id, err := uuid.Parse(seen); !tt.kept && (err != nil || id.Version() != 7) {
				t.Errorf("id = %q, want a UUIDv7", seen)
			}
		})
	}
}

func TestRequestIDFromIsEmptyOutsideOfARequest(t *testing.T) {
	t.Parallel()
	if got := middleware.RequestIDFrom(t.Context()); got != "" {
		t.Errorf("RequestIDFrom() = %q, want nothing", got)
	}
}
