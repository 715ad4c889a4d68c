package idempotency_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	"commitment/internal/idempotency"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// whole is all of a response that the handler determines.
type whole struct {
	Status  int
	Header  http.Header
	Trailer http.Header
	Length  int64
	Body    string
}

// contract is what a handler may do with its writer. The response is the same with a key,
// without one, and in a replay.
var contract = map[string]http.HandlerFunc{
	"nothing": func(http.ResponseWriter, *http.Request) {},
	"a header after the status": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Before", "yes")
		w.WriteHeader(http.StatusCreated)
		w.Header().Set("X-After", "no")
	},
	"a header after a flush": func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		w.Header().Set("X-After", "no")
		w.WriteHeader(http.StatusTeapot)
	},
	"a header after the body": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<p>text")
		w.Header().Set("X-After", "no")
	},
	"early hints": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusTeapot)
	},
	"a status without a body": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		if _, err := io.WriteString(w, "text"); !errors.Is(err, http.ErrBodyNotAllowed) {
			w.Header().Set(http.TrailerPrefix+"X-Error", fmt.Sprint(err))
		}
	},
	"not modified": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.WriteHeader(http.StatusNotModified)
	},
	"the header of around": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("X-Outer", "b")
		w.Header().Set("X-Seen", w.Header().Get("X-Outer"))
		w.Header().Set("X-Replaced", "c")
		w.Header().Del("X-Removed")
	},
	"an announced trailer": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum, X-Other")
		_, _ = io.WriteString(w, "text")
		w.Header().Set("X-Sum", "5")
	},
	"an unannounced trailer": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "text")
		w.Header().Set(http.TrailerPrefix+"X-Sum", "5")
	},
	"a length": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		_, _ = io.WriteString(w, "text")
	},
	"deadlines": func(w http.ResponseWriter, _ *http.Request) {
		controller := http.NewResponseController(w)
		later := time.Now().Add(time.Hour)
		w.Header().Set("X-Errors", fmt.Sprint(controller.SetReadDeadline(later), controller.SetWriteDeadline(later),
			controller.EnableFullDuplex(), controller.Flush()))
		_, _, err := controller.Hijack()
		w.Header().Set(http.TrailerPrefix+"X-Error", fmt.Sprint(err))
	},
	"another protocol": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusSwitchingProtocols) },
	"an error":         func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusUnprocessableEntity) },
	"an error that is committed": func(w http.ResponseWriter, r *http.Request) {
		_ = txn.CommitAnyway(r.Context())
		http.Error(w, "no", http.StatusForbidden)
	},
	"a body that is held in a file": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("text", 1000))
	},
}

func TestTheWriterIsTheSameWithAKey(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(postgres.Options{URL: pgtest.OwnerURL(t), MaxOpenConns: 4, MaxIdleConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	db := txn.New(pool, txn.Options{})
	var requests atomic.Int64
	tx := reqtx.Middleware(db, reqtx.Options{MaxMemory: 1 << 10, WriteError: writeError})
	once := idempotency.Middleware(idempotency.Options{WriteError: writeError})
	inner := tx(once(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := rowtest.Insert(r.Context(), ent.FromContext(r.Context()), fmt.Sprint(requests.Load())); err != nil {
			t.Error(err)
		}
		contract[r.Header.Get("X-Case")](w, r)
	})))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request", fmt.Sprint(requests.Add(1)))
		w.Header().Set("X-Outer", "a")
		w.Header().Set("X-Replaced", "a")
		w.Header().Set("X-Removed", "a")
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)

	for name := range contract {
		t.Run(name, func(t *testing.T) {
			want, _ := exchange(t, server.URL, name, "")
			first, replayed := exchange(t, server.URL, name, name)
			if diff := cmp.Diff(want, first); diff != "" || replayed {
				t.Errorf("replayed = %v, the response with a key (-without +with):\n%s", replayed, diff)
			}
			again, replayed := exchange(t, server.URL, name, name)
			if diff := cmp.Diff(want, again); diff != "" {
				t.Errorf("the replayed response (-without +replayed):\n%s", diff)
			}
			if committed := want.Status < 400 || want.Status == http.StatusForbidden; replayed != committed {
				t.Errorf("replayed = %v, want %v", replayed, committed)
			}
		})
	}
}

// exchange sends a request of that case, and leaves out the header fields that differ for
// each request.
func exchange(t *testing.T, url, name, key string) (response whole, replayed bool) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Case", name)
	if key != "" {
		req.Header.Set(idempotency.Header, strings.ReplaceAll(key, " ", "-"))
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(resp.Header["X-Request"]); n != 1 {
		t.Errorf("X-Request = %q, want one", resp.Header["X-Request"])
	}
	replayed = resp.Header.Get(idempotency.ReplayedHeader) == "true"
	for _, own := range []string{"X-Request", "Date", idempotency.ReplayedHeader} {
		resp.Header.Del(own)
	}
	return whole{resp.StatusCode, resp.Header, resp.Trailer, resp.ContentLength, string(body)}, replayed
}

func TestAHeaderOfAroundIsTheRequestsOwn(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{}, created)
	first := s.want(t, "k", "a", 201, "made", false)
	again := s.want(t, "k", "a", 201, "made", true)
	if first.header.Get("X-Served") == again.header.Get("X-Served") {
		t.Errorf("X-Served = %q twice, want another one for each request", again.header.Get("X-Served"))
	}
}

func TestAPanicWithAKeyLeavesItFree(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	s := serve(t, idempotency.Options{}, func(w http.ResponseWriter, r *http.Request) {
		created(w, r)
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
	})
	if got, err := s.post(t.Context(), "k", "a"); err == nil {
		t.Errorf("response = %v, want none", got)
	}
	s.wantRows(t, 0)
	s.want(t, "k", "a", 201, "made", false)
	s.wantRows(t, 1)
}

func TestNothingMayWrapTheWriterInBetween(t *testing.T) {
	t.Parallel()
	var refusal error
	o := idempotency.Options{WriteError: func(w http.ResponseWriter, r *http.Request, err error) {
		refusal = err
		writeError(w, r, err)
	}}
	work := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler runs") })
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
	r.Header.Set(idempotency.Header, "k")
	idempotency.Middleware(o)(work).ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || refusal == nil || !strings.Contains(refusal.Error(), "*httptest.ResponseRecorder") {
		t.Errorf("response = %d for %v, want 500 that names the writer", w.Code, refusal)
	}
}
