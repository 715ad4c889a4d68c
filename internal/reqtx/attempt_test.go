package reqtx_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/pgtest"
	"commitment/internal/txn"
)

func TestARetryStartsWithTheOriginalRequest(t *testing.T) {
	t.Parallel()
	var seen []string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, fmt.Sprint(r.Header["X-Inner"], r.URL, r.Form, r.PostForm, r.PathValue("id") == "", r.Header["X-Sent"]))
		r.Header.Add("X-Inner", "yes")
		r.Header["X-Sent"][0] = "changed"
		r.URL.Path, r.URL.RawQuery = "/changed", ""
		r.SetPathValue("id", "changed")
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		r.Form.Add("a", "changed")
		_ = insert(r, "row")
		if txn.Attempt(r.Context()) < 3 {
			_ = raise(r.Context(), "40001")
		}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/path?q=1", strings.NewReader("a=1&b=2"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Sent", "as it was")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	want := "[] /path?q=1 map[] map[] true [as it was]"
	if diff := cmp.Diff([]string{want, want, want}, seen); diff != "" || resp.StatusCode != http.StatusOK {
		t.Errorf("status = %d, requests (-want +got):\n%s", resp.StatusCode, diff)
	}
}

func TestTrailersComeWithTheEndOfTheBody(t *testing.T) {
	t.Parallel()
	var seen []string
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		seen = append(seen, fmt.Sprint(string(body), err, r.Trailer))
		r.Trailer.Set("X-Sum", "changed")
		_ = insert(r, "row")
		if txn.Attempt(r.Context()) < 3 {
			_ = raise(r.Context(), "40001")
		}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, struct{ io.Reader }{strings.NewReader("body")})
	if err != nil {
		t.Fatal(err)
	}
	req.Trailer = http.Header{"X-Sum": {"5"}}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	want := "body<nil> map[X-Sum:[5]]"
	if diff := cmp.Diff([]string{want, want, want}, seen); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestUploadsLeaveNoFiles(t *testing.T) {
	dir := t.TempDir()
	_ = pgtest.EmptyURL(t) // starts the tests' server, which would be there otherwise
	t.Setenv("TMPDIR", dir)
	files := func() (names []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Error(err)
		}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return names
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "name")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(bytes.Repeat([]byte("x"), 100<<10))
	_ = form.Close()

	for end, finish := range map[string]func(http.ResponseWriter, *http.Request){
		"returns":      func(http.ResponseWriter, *http.Request) {},
		"responds 422": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) },
		"panics":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"is retried":   func(_ http.ResponseWriter, r *http.Request) { _ = raise(r.Context(), "40001") },
	} {
		before := 0
		done := make(chan struct{})
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			before = max(before, len(files()))
			if err := r.ParseMultipartForm(1 << 10); err != nil {
				t.Error(err)
			}
			if !slices.ContainsFunc(files(), func(name string) bool { return strings.HasPrefix(name, "multipart-") }) {
				t.Error("no file is made: the test shows nothing")
			}
			finish(w, r)
		}, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(done)
				next.ServeHTTP(w, r)
			})
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, bytes.NewReader(body.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", form.FormDataContentType())
		req.GetBody = nil
		if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
			_ = resp.Body.Close()
		}
		<-done
		if after := files(); len(after) > 0 || before > 0 {
			t.Errorf("a handler that %s leaves %q, and %d between its attempts, want none", end, after, before)
		}
	}
}

func TestProtocolsAreNotSwitched(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		w.Header().Set("Upgrade", "else")
		w.WriteHeader(http.StatusSwitchingProtocols)
	})
	if resp, _, err := s.do(t, http.MethodPost); err != nil || resp.StatusCode != http.StatusInternalServerError || resp.Header.Get("Upgrade") != "" {
		t.Errorf("response = %d %v, %v, want 500", resp.StatusCode, resp.Header, err)
	}
	s.wantRow(t, "row", false)
}
