package middleware_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
