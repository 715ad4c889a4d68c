package reqtx

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/txn"
)

// responses runs handler twice behind a real server, with its response held and
// not, and returns both responses. A client sees no difference.
func responses(t *testing.T, method string, handler http.HandlerFunc) (held, direct string) {
	t.Helper()
	run := func(h http.HandlerFunc) string {
		server := httptest.NewServer(h)
		defer server.Close()
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Header.Del("Date")
		var b strings.Builder
		b.WriteString(resp.Status + "\n")
		_ = resp.Header.Write(&b)
		b.WriteString("\n" + string(body) + "\n")
		_ = resp.Trailer.Write(&b)
		return b.String()
	}
	held = run(func(w http.ResponseWriter, r *http.Request) {
		h := hold(t, w, r.Method, 1<<20)
		handler(h, r)
		h.release()
	})
	return held, run(handler)
}

// hold returns a held response with a unit that never reaches a database.
func hold(t *testing.T, w http.ResponseWriter, method string, limit int64) *heldResponse {
	t.Helper()
	ctx, unit, err := txn.New(nil, txn.Options{}).Begin(t.Context(), txn.ReadWrite, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unit.Rollback)
	h := &heldResponse{}
	h.begin(ctx, w, unit, method, &Options{MaxMemory: limit, MaxResponse: limit})
	t.Cleanup(h.close)
	return h
}

func TestHeldResponsesEqualThoseOfNetHTTP(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		method  string
		handler http.HandlerFunc
	}{
		{"implicit 200 without a body", "GET", func(http.ResponseWriter, *http.Request) {}},
		{"implicit 200 with a body", "GET", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<html>hello")
		}},
		{"status and header", "POST", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/x")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte("{}"))
		}},
		{"the first status counts", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			w.WriteHeader(http.StatusTeapot)
		}},
		{"a header set after the status is ignored", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-Late", "1")
		}},
		{"204", "DELETE", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			if _, err := w.Write([]byte("x")); !errors.Is(err, http.ErrBodyNotAllowed) {
				panic(err)
			}
		}},
		{"304", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"1"`)
			w.WriteHeader(http.StatusNotModified)
		}},
		{"HEAD", "HEAD", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "hello")
		}},
		{"HEAD with a length and no body", "HEAD", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "12345")
		}},
		{"announced trailer", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum, X-Other")
			_, _ = io.WriteString(w, "hello")
			w.Header().Set("X-Sum", "5")
		}},
		{"prefixed trailer", "GET", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "hello")
			_ = http.NewResponseController(w).Flush()
			w.Header().Set(http.TrailerPrefix+"X-Sum", "5")
		}},
		{"read from a reader", "GET", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("hello")})
		}},
		{"early hints are no response", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusAccepted)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			held, direct := responses(t, tt.method, tt.handler)
			if diff := cmp.Diff(direct, held); diff != "" {
				t.Errorf("response (-net/http +held):\n%s", diff)
			}
		})
	}
}

// sent counts what reaches the wire.
type sent struct {
	*httptest.ResponseRecorder
	calls int
}

func (s *sent) WriteHeader(int)             { s.calls++ }
func (s *sent) Write(p []byte) (int, error) { s.calls++; return len(p), nil }
func (s *sent) Flush()                      { s.calls++ }

func (s *sent) SetReadDeadline(time.Time) error  { return nil }
func (s *sent) SetWriteDeadline(time.Time) error { return nil }
func (s *sent) EnableFullDuplex() error          { return nil }

func TestNothingIsSentBeforeTheRelease(t *testing.T) {
	t.Parallel()
	wire := &sent{ResponseRecorder: httptest.NewRecorder()}
	wire.Header().Set("X-Request-Id", "outer")
	var w http.ResponseWriter = hold(t, wire, http.MethodPost, 1<<20)
	control := http.NewResponseController(w)
	w.Header().Set("X-Inner", "1")
	w.WriteHeader(http.StatusEarlyHints)
	w.WriteHeader(http.StatusCreated)
	_, write := w.Write([]byte("a"))
	_, text := io.WriteString(w, "b")
	_, from := io.Copy(w, strings.NewReader("c"))
	w.(http.Flusher).Flush()
	err := errors.Join(write, text, from, control.Flush(),
		control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{}), control.EnableFullDuplex())
	if err != nil {
		t.Errorf("error = %v, want nil", err)
	}
	if _, _, err := control.Hijack(); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("Hijack() = %v, want %v", err, http.ErrNotSupported)
	}
	if _, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		t.Error("the held response has an Unwrap")
	}
	if wire.calls != 0 || wire.Header().Get("X-Inner") != "" {
		t.Errorf("calls = %d, header = %v: want nothing sent", wire.calls, wire.Header())
	}
	if w.Header().Get("X-Request-Id") != "outer" {
		t.Error("the handler doesn't see the header that was set before it")
	}
}

func TestAHeldBodyIsBounded(t *testing.T) {
	t.Parallel()
	fill := map[string]func(*heldResponse) error{
		"Write":       func(h *heldResponse) error { _, err := h.Write(make([]byte, 11)); return err },
		"WriteString": func(h *heldResponse) error { _, err := io.WriteString(h, strings.Repeat("x", 11)); return err },
		"Copy": func(h *heldResponse) error {
			_, err := io.Copy(h, strings.NewReader(strings.Repeat("x", 1<<20)))
			return err
		},
	}
	for name, write := range fill {
		h := hold(t, httptest.NewRecorder(), http.MethodGet, 10)
		if err := write(h); err == nil || h.err == nil {
			t.Errorf("%s = %v, remembered %v, want both to be errors", name, err, h.err)
		}
		if h.body.size > 10 {
			t.Errorf("%s holds %d bytes, want no more than the limit", name, h.body.size)
		}
		if _, err := h.Write(nil); err == nil {
			t.Errorf("Write after %s = nil, want the same error", name)
		}
	}
}

func TestAnInvalidStatusPanicsAsInNetHTTP(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("WriteHeader(0) doesn't panic")
		}
	}()
	hold(t, httptest.NewRecorder(), http.MethodGet, 1).WriteHeader(0)
}
