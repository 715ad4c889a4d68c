package webhook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"commitment/ent"
	"commitment/internal/identity"
	"commitment/internal/jobs"
	"commitment/internal/ledger"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// receiver is a webhook that responds with these statuses, the last one forever. A zero
// cuts the connection.
type receiver struct {
	t        *testing.T
	key      []byte
	statuses []int

	mu  sync.Mutex
	got []*http.Request
	ids []string // of the transfers
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Error(err)
	}
	id, at := req.Header.Get("webhook-id"), req.Header.Get("webhook-timestamp")
	if got, want := req.Header.Get("webhook-signature"), sign(r.key, id, at, body); got != want {
		r.t.Errorf("signature = %q, want %q", got, want)
	}
	if sent, err := strconv.ParseInt(at, 10, 64); err != nil || time.Since(time.Unix(sent, 0)).Abs() > time.Minute {
		r.t.Errorf("timestamp = %q, want now", at)
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil || e.Type != "transfer.created" {
		r.t.Errorf("body = %s, want an event", body)
	}
	r.mu.Lock()
	status := r.statuses[min(len(r.got), len(r.statuses)-1)]
	r.got, r.ids = append(r.got, req), append(r.ids, e.Data.ID.String())
	r.mu.Unlock()
	if status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(status)
}

// requests returns the webhook-id of each request.
func (r *receiver) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := []string{}
	for i, req := range r.got {
		if id := req.Header.Get("webhook-id"); id == "msg_"+r.ids[i] {
			ids = append(ids, id)
		}
	}
	return ids
}

// books are a ledger whose large transfers notify a receiver.
type books struct {
	db    tenancy.DB
	owner string
}

func open(t *testing.T, r *receiver) *books {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.t, r.key = t, []byte("0123456789abcdef01234567")
	b := &books{owner: pgtest.OwnerURL(t)}
	options := postgres.Options{URL: pgtest.AppURL(t, b.owner), MaxOpenConns: 5, MaxIdleConns: 5}
	pool, err := postgres.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	queue, err := postgres.OpenPgx(t.Context(), options, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(queue.Close)
	log := slog.New(slog.DiscardHandler)
	b.db = tenancy.DB{DB: txn.New(pool, txn.Options{Log: log}), Log: log}
	ledger.NotifyAbove(b.db.Client(), 1000)
	workers := river.NewWorkers()
	river.AddWorker(workers, NewWorker(b.db, server.URL, r.key))
	runner, err := jobs.New(jobs.Options{
		Pool: queue, DB: b.db, Workers: workers, MaxWorkers: 2, Timeout: time.Minute, StopTimeout: time.Minute, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return b
}

// move moves an amount in a unit of work that ends with the error, and returns the id of
// the transfer.
func (b *books) move(t *testing.T, amount int64, end error) string {
	t.Helper()
	var id string
	err := b.db.RunIn(t.Context(), identity.TenantID("acme"), txn.ReadWrite, func(ctx context.Context) error {
		client := ent.FromContext(ctx)
		open := func(name string) *ent.Account {
			return client.Account.Create().SetName(name + strconv.FormatInt(time.Now().UnixNano(), 36)).SetCurrency("EUR").SetAllowNegative(true).SaveX(ctx)
		}
		made, err := ledger.MoveMoney(ctx, client, ledger.NewTransfer{From: open("from").ID, To: open("to").ID, Amount: amount})
		if err != nil {
			return err
		}
		id = made.ID.String()
		return end
	})
	if !errors.Is(err, end) {
		t.Fatal(err)
	}
	return id
}

// await waits until all jobs have this state, and there are n.
func (b *books) await(t *testing.T, n int, state string) {
	t.Helper()
	db := pgtest.Open(t, b.owner)
	pgtest.WaitFor(t, "the jobs are "+state, func() bool {
		return pgtest.Value[bool](t, db, "SELECT count(*) = $1 AND bool_and(state::text = $2) FROM river_job", n, state)
	})
}

func TestALargeTransferIsNotifiedOnce(t *testing.T) {
	t.Parallel()
	r := &receiver{statuses: []int{204}}
	b := open(t, r)
	b.move(t, 1000, nil)
	b.move(t, 5000, errors.New("roll back"))
	id := b.move(t, 1001, nil)
	b.await(t, 1, "completed")
	if got := r.requests(); len(got) != 1 || got[0] != "msg_"+id {
		t.Errorf("requests = %q, want one of transfer %s", got, id)
	}
}

func TestANoticeIsRetried(t *testing.T) {
	t.Parallel()
	r := &receiver{statuses: []int{503, 200}}
	b := open(t, r)
	id := "msg_" + b.move(t, 1001, nil)
	b.await(t, 1, "completed")
	if got := r.requests(); len(got) != 2 || got[0] != id || got[1] != id {
		t.Errorf("requests = %q, want two with the id %s", got, id)
	}
}

func TestANoticeThatIsRefusedIsGivenUp(t *testing.T) {
	t.Parallel()
	r := &receiver{statuses: []int{410}}
	b := open(t, r)
	b.move(t, 1001, nil)
	b.await(t, 1, string(rivertype.JobStateCancelled))
	if got := r.requests(); len(got) != 1 {
		t.Errorf("requests = %q, want one", got)
	}
}

func TestWhichResponsesAreFinal(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		200: "done", 204: "done", 302: "retry", 400: "final", 401: "final", 404: "final", 408: "retry", 410: "final", 425: "retry",
		429: "retry", 500: "retry", 503: "retry", 0: "retry",
	} {
		r := &receiver{t: t, key: []byte("k"), statuses: []int{status}}
		server := httptest.NewServer(r)
		err := NewWorker(tenancy.DB{}, server.URL, r.key).send(t.Context(), "msg_1", []byte(`{"type":"transfer.created"}`))
		server.Close()
		got := "retry"
		if _, final := errors.AsType[*river.JobCancelError](err); final {
			got = "final"
		} else if err == nil {
			got = "done"
		}
		if got != want {
			t.Errorf("response %d: %s (%v), want %s", status, got, err, want)
		}
		if n := len(r.got); n != 1 {
			t.Errorf("response %d: %d requests, want 1", status, n)
		}
	}
}

// The example of the specification's reference implementations.
func TestSign(t *testing.T) {
	t.Parallel()
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if got := sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`)); got != want {
		t.Errorf("sign() = %q, want %q", got, want)
	}
}
