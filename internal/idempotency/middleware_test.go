package idempotency_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"commitment/ent"
	"commitment/ent/idempotencykey"
	"commitment/internal/fault"
	"commitment/internal/idempotency"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// service does work on POST: it writes the row that the body names.
type service struct {
	pool  *sql.DB
	db    *txn.DB
	url   string
	calls atomic.Int64
}

func serve(t *testing.T, o idempotency.Options, then http.HandlerFunc) *service {
	t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: pgtest.OwnerURL(t), MaxOpenConns: 8, MaxIdleConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	s := &service{pool: pool, db: txn.New(pool, txn.Options{})}
	o.WriteError = writeError
	work := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		name, err := io.ReadAll(r.Body)
		if err == nil {
			err = rowtest.Insert(r.Context(), ent.FromContext(r.Context()), string(name))
		}
		if err != nil {
			writeError(w, r, err)
			return
		}
		then(w, r)
	})
	tx := reqtx.Middleware(s.db, reqtx.Options{WriteError: writeError})
	served := tx(idempotency.Middleware(o)(work))
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Served", fmt.Sprint(count.Add(1)))
		served.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// writeError responds with the code of the fault, a short form of package problem.
func writeError(w http.ResponseWriter, _ *http.Request, err error) {
	status := map[fault.Kind]int{fault.Malformed: 400, fault.Conflict: 409, fault.Invalid: 422}
	if f, ok := errors.AsType[*fault.Error](err); ok && status[f.Kind] != 0 {
		w.WriteHeader(status[f.Kind])
		_, _ = io.WriteString(w, f.Code)
		return
	}
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, err.Error())
}

func created(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", "/made")
	w.Header().Add("X-Many", "1")
	w.Header().Add("X-Many", "2")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, "made")
}

// reply is what a client saw.
type reply struct {
	status   int
	body     string
	replayed bool
	header   http.Header
}

func (s *service) post(ctx context.Context, key, body string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/x", strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if key != "" {
		req.Header.Set(idempotency.Header, key)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, string(text), resp.Header.Get(idempotency.ReplayedHeader) == "true", resp.Header}, err
}

func (s *service) want(t *testing.T, key, body string, status int, response string, replayed bool) reply {
	t.Helper()
	got, err := s.post(t.Context(), key, body)
	if err != nil {
		t.Fatal(err)
	}
	if got.status != status || got.body != response || got.replayed != replayed {
		t.Errorf("key %q, body %q: %d %q, replayed %v; want %d %q, %v",
			key, body, got.status, got.body, got.replayed, status, response, replayed)
	}
	return got
}

func (s *service) wantRows(t *testing.T, want int) {
	t.Helper()
	if n, err := rowtest.Count(t.Context(), s.db.Client()); err != nil || n != want {
		t.Errorf("rows = %d, %v, want %d", n, err, want)
	}
}

func TestARequestWithAKeyIsDoneOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{}, created)
	first := s.want(t, "k1", "a", 201, "made", false)
	again := s.want(t, "k1", "a", 201, "made", true)
	for _, name := range []string{"Location", "X-Many"} {
		if fmt.Sprint(first.header[name]) != fmt.Sprint(again.header[name]) {
			t.Errorf("%s = %v when replayed, want %v", name, again.header[name], first.header[name])
		}
	}
	if n := s.calls.Load(); n != 1 {
		t.Errorf("the work was done %d times, want once", n)
	}
	s.want(t, `"k1"`, "a", 201, "made", true) // the draft writes it in quotes
	s.want(t, "k1", "b", 422, "idempotency-key-reused", false)
	s.want(t, "k2", "b", 201, "made", false)
}

func TestARefusedRequestLeavesItsKeyFree(t *testing.T) {
	t.Parallel()
	refuse := true
	s := serve(t, idempotency.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if refuse {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		created(w, r)
	})
	s.want(t, "k", "a", 422, "", false)
	refuse = false
	s.want(t, "k", "a", 201, "made", false)
	s.want(t, "k", "a", 201, "made", true)
}

func TestAnErrorThatIsCommittedIsRecorded(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{}, func(w http.ResponseWriter, r *http.Request) {
		_ = txn.CommitAnyway(r.Context())
		w.WriteHeader(http.StatusPaymentRequired)
	})
	s.want(t, "k", "a", 402, "", false)
	s.want(t, "k", "a", 402, "", true)
}

func TestKeysAreChecked(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{Required: func(*http.Request) bool { return true }}, created)
	s.want(t, "", "a", 400, "idempotency-key-missing", false)
	for _, key := range []string{`""`, strings.Repeat("x", 256), "two words", "ünïcode"} {
		s.want(t, key, "a", 400, "idempotency-key-malformed", false)
	}
	s.want(t, strings.Repeat("x", 255), "a", 201, "made", false)
}

func TestAKeyBelongsToItsSender(t *testing.T) {
	t.Parallel()
	sender := "alice"
	s := serve(t, idempotency.Options{Subject: func(*http.Request) string { return sender }}, created)
	s.want(t, "k", "a", 201, "made", false)
	sender = "bob"
	s.want(t, "k", "b", 201, "made", false)
}

func TestARequestInFlightIsRefusedPromptly(t *testing.T) {
	t.Parallel()
	working, release := make(chan struct{}), make(chan struct{})
	s := serve(t, idempotency.Options{}, func(w http.ResponseWriter, r *http.Request) {
		close(working)
		<-release
		created(w, r)
	})
	done := make(chan reply)
	go func() {
		got, err := s.post(t.Context(), "k", "a")
		if err != nil {
			t.Error(err)
		}
		done <- got
	}()
	<-working
	refused := s.want(t, "k", "a", 409, "idempotency-key-in-flight", false) // while the first is in progress
	if again := refused.header.Get("Retry-After"); again != "1" {
		t.Errorf("Retry-After = %q, want 1", again)
	}
	close(release)
	if got := <-done; got.status != 201 {
		t.Errorf("first = %d, want 201", got.status)
	}
	s.want(t, "k", "a", 201, "made", true)
}

func TestManyAtOnceAreDoneOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{}, created)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for {
				got, err := s.post(t.Context(), "k", "a")
				if err != nil || (got.status != 201 && got.status != 409) {
					t.Errorf("response = %v, %v, want 201 or 409", got, err)
					return
				}
				if got.status == 201 {
					return
				}
			}
		})
	}
	all.Wait()
	s.wantRows(t, 1)
}

func TestAnAnswerTooLargeToRecordIsAnError(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{MaxResponse: 3}, created)
	if got, err := s.post(t.Context(), "k", "a"); err != nil || got.status != 500 {
		t.Errorf("response = %v, %v, want 500", got, err)
	}
	s.wantRows(t, 0)
}

func TestWorkThatIsNotRecordedIsNotCommitted(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{MaxResponse: 3}, func(w http.ResponseWriter, r *http.Request) {
		_ = txn.CommitAnyway(r.Context())
		created(w, r)
	})
	if got, err := s.post(t.Context(), "k", "a"); err != nil || got.status != 500 {
		t.Errorf("response = %v, %v, want 500", got, err)
	}
	s.wantRows(t, 0)
}

func TestAnAnswerThatStreamsTakesNoKey(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		if err := reqtx.Stream(w); err != nil {
			return // as its comment says
		}
		_, _ = io.WriteString(w, "streamed")
	})
	s.want(t, "k", "a", 400, "idempotency-key-unsupported", false)
	s.wantRows(t, 0)
	s.want(t, "", "a", 200, "streamed", false)
	s.wantRows(t, 1)
}

func TestEventsTakeNoKey(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(w http.ResponseWriter){
		"by a Flush":      func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"by LiftTimeouts": func(w http.ResponseWriter) { _ = reqtx.LiftTimeouts(w) },
	} {
		s := serve(t, idempotency.Options{}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			begin(w)
			<-r.Context().Done() // as who waits for something to send
			if _, err := io.WriteString(w, "event"); err == nil {
				t.Errorf("%s: Write() = nil, want an error", name)
			}
		})
		s.want(t, "k", "a", 400, "idempotency-key-unsupported", false)
		s.wantRows(t, 0)
	}
}

func TestAFlushOfARecordedAnswerFixesItsStatus(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("Flush() = %v, want nil", err)
		}
		w.WriteHeader(http.StatusTeapot)
	})
	s.want(t, "k", "a", 200, "", false)
}

func TestABodyThatCannotBeReadIsTheSendersFault(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{}, created)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	const request = "POST / HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("status = %d, want 400", resp.StatusCode)
	}
}

func TestExpiredKeysAreFreeAndSwept(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{Lifetime: time.Microsecond}, created)
	for i := range 5 {
		s.want(t, fmt.Sprint("k", i), fmt.Sprint("a", i), 201, "made", false)
	}
	s.want(t, "k0", "another", 201, "made", false) // expired: as if it had never been
	sweep := func(limit int) (n int) {
		err := s.db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) (err error) {
			n, err = idempotency.Sweep(ctx, limit)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if a, b, c := sweep(3), sweep(3), sweep(3); a != 3 || b != 2 || c != 0 {
		t.Errorf("swept %d, %d, %d, want 3, 2, 0", a, b, c)
	}
	if n, err := s.db.Client().IdempotencyKey.Query().Where(idempotencykey.KeyHasPrefix("k")).Count(t.Context()); n != 0 || err != nil {
		t.Errorf("keys = %d, %v, want none", n, err)
	}
}

func TestSafeMethodsPass(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{Required: func(*http.Request) bool { return true }}, created)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if s.calls.Load() != 1 {
		t.Error("a GET without a key didn't reach the handler")
	}
}
