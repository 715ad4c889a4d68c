package middleware_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"commitment/internal/middleware"
)

func TestSecureMarksErrorsToo(t *testing.T) {
	t.Parallel()
	problems, _ := newProblems()
	w := serve(middleware.Secure(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problems.Write(w, r, errors.New("boom"))
	})), httptest.NewRequest(http.MethodGet, "/", nil))
	if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("X-Content-Type-Options = %q, want nosniff", got)
	}
}
