package middleware_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"commitment/internal/middleware"
)

func TestLimitBody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		body   string
		length int64 // -1: not announced
		status int
		read   string // what the handler got
	}{
		{"lets a body of just the limit through", "12345", 5, 200, "12345"},
		{"refuses an announced body before anyone reads", "123456", 6, 413, ""},
		{"stops an unannounced body at the limit", "123456", -1, 413, "12345"},
		{"lets no body through", "", 0, 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			problems, _ := newProblems()
			var read []byte
			h := middleware.LimitBody(5, problems)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var err error
				if read, err = io.ReadAll(r.Body); err != nil {
					problems.Write(w, r, err)
				}
			}))
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			r.ContentLength = tt.length
			w := serve(h, r)
			if w.Code != tt.status {
				t.Errorf("status = %d, want %d", w.Code, tt.status)
			}
			if string(read) != tt.read {
				t.Errorf("read = %q, want %q", read, tt.read)
			}
			if want := "the body is larger than 5 bytes"; tt.status == 413 && !strings.Contains(w.Body.String(), want) {
				t.Errorf("body = %s, want %s", w.Body, want)
			}
		})
	}
}

func TestTimeoutSetsADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		problems, _ := newProblems()
		start := time.Now()
		w := serve(middleware.Timeout(time.Minute)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			problems.Write(w, r, r.Context().Err())
		})), httptest.NewRequest(http.MethodGet, "/", nil))
		if elapsed := time.Since(start); elapsed != time.Minute {
			t.Errorf("deadline = %v, want 1m", elapsed)
		}
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
			t.Errorf("answer = %d %v, want 503 and Retry-After: 1", w.Code, w.Header())
		}
	})
}

func TestTimeoutEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	var state func() error
	serve(middleware.Timeout(time.Hour)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		state = r.Context().Err
	})), httptest.NewRequest(http.MethodGet, "/", nil))
	if err := state(); !errors.Is(err, context.Canceled) {
		t.Errorf("context's error = %v, want %v", err, context.Canceled)
	}
}
