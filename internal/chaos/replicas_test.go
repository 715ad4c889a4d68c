package chaos

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"commitment/internal/idempotency"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgbouncer"
	"commitment/internal/pgtest/replica"
	"commitment/internal/postgres"
	"commitment/internal/replicas"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// counters is a service whose clients each count in a row of their own. A GET returns the
// client's row, and the sum of all, which never goes down.
type counters struct {
	t   *testing.T
	set *replicas.Set
	db  *txn.DB
	url string

	reads   sync.Map // of the target and the reason to *atomic.Int64
	served  atomic.Int64
	stale   atomic.Int64
	back    atomic.Int64
	refused atomic.Int64
}

const countersSQL = `CREATE TABLE counters (client int PRIMARY KEY, n int NOT NULL);
	INSERT INTO counters SELECT i, 0 FROM generate_series(0, 99) i; GRANT ALL ON counters TO PUBLIC`

// count is what a GET returns.
type count struct{ Own, All int }

// startCounters serves on a primary and replicas.
func startCounters(t *testing.T, primaryURL string, replicaURLs ...string) *counters {
	t.Helper()
	s := &counters{t: t}
	var all []*replicas.Replica
	for i, url := range replicaURLs {
		all = append(all, &replicas.Replica{Name: fmt.Sprint(i), Pool: s.pool(url, 8), Probe: s.pool(url, 1)})
	}
	s.set = replicas.New(s.pool(primaryURL, 1), all, replicas.Options{Interval: 50 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	checks, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.set.Run(checks) })
	s.db = txn.New(s.pool(primaryURL, 8), txn.Options{
		Replicas: s.set, Patience: 2 * time.Millisecond, AcquireTimeout: 5 * time.Second, Log: slog.New(slog.DiscardHandler),
		OutcomeTimeout: 20 * time.Second, MaxAttempts: 5,
		OnRead: func(target, reason string) {
			n, _ := s.reads.LoadOrStore(target+" "+reason, &atomic.Int64{})
			n.(*atomic.Int64).Add(1)
		},
	})
	writeError := func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
	once := idempotency.Middleware(idempotency.Options{WriteError: writeError})
	server := httptest.NewServer(reqtx.Middleware(s.db, reqtx.Options{Tokens: reqtx.NewTokens("key"), WriteError: writeError})(once(http.HandlerFunc(s.serve))))
	s.url = server.URL
	t.Cleanup(func() {
		server.Close()
		stop()
		running.Wait()
	})
	return s
}

func (s *counters) pool(url string, conns int) *sql.DB {
	s.t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: conns, MaxIdleConns: conns, ConnectTimeout: 2 * time.Second, PingAfter: time.Second})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// serve counts, or shows.
func (s *counters) serve(w http.ResponseWriter, r *http.Request) {
	tx, err := txn.SQLFromContext(r.Context())
	if err == nil && r.Method == http.MethodPost {
		_, err = tx.ExecContext(r.Context(), "UPDATE counters SET n = n + 1 WHERE client = $1", r.URL.Query().Get("client"))
	}
	var c count
	if err == nil {
		err = tx.QueryRowContext(r.Context(), "SELECT sum(n) FILTER (WHERE client = $1), sum(n) FROM counters",
			[]any{r.URL.Query().Get("client")}, &c.Own, &c.All)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_ = json.NewEncoder(w).Encode(c)
}

// client counts and reads, and keeps the greatest token.
type client struct {
	s       *counters
	id      int
	token   string
	key     string // of an Idempotency-Key
	written int    // the least that its row holds
	maybe   int    // the most
	seen    count  // by its last read
}

var httpClient = &http.Client{Timeout: time.Minute}

// send sends a request, and reports whether it succeeded.
func (c *client) send(ctx context.Context, method string) (got count, ok bool) {
	req, err := http.NewRequestWithContext(ctx, method, c.s.url+"/?client="+strconv.Itoa(c.id), http.NoBody)
	if err != nil {
		c.s.t.Error(err)
		return got, false
	}
	if c.key != "" {
		req.Header.Set(idempotency.Header, c.key)
	}
	if c.token != "" {
		req.Header.Set(reqtx.TokenHeader, c.token)
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		c.s.t.Error(err)
		return got, false
	}
	if resp.StatusCode == http.StatusOK {
		err = json.NewDecoder(resp.Body).Decode(&got)
	}
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		c.s.t.Error(err)
	}
	c.token = max(c.token, resp.Header.Get(reqtx.TokenHeader))
	return got, resp.StatusCode == http.StatusOK
}

// write counts. Without a success the count may have been made all the same.
func (c *client) write(ctx context.Context) {
	c.maybe++
	if got, ok := c.send(ctx, http.MethodPost); ok {
		c.written, c.maybe = got.Own, got.Own
		c.seen = got
	} else {
		c.s.refused.Add(1)
	}
}

// read reads and compares.
func (c *client) read(ctx context.Context) (ok bool) {
	got, ok := c.send(ctx, http.MethodGet)
	if !ok {
		c.s.refused.Add(1)
		return false
	}
	c.s.served.Add(1)
	if got.Own < c.written || got.Own > c.maybe {
		c.s.stale.Add(1)
	}
	if got.All < c.seen.All || got.Own < c.seen.Own {
		c.s.back.Add(1)
	}
	c.seen, c.written = got, max(c.written, got.Own)
	return true
}

// client returns a client that has read once.
func (s *counters) client(id int) *client {
	c := &client{s: s, id: id}
	if got, ok := c.send(s.t.Context(), http.MethodGet); ok {
		c.written, c.maybe, c.seen = got.Own, got.Own, got
	}
	return c
}

// load has eight clients read so often, and count before every fourth time.
func (s *counters) load(reads int) {
	s.t.Helper()
	var all sync.WaitGroup
	for id := range 8 {
		all.Go(func() {
			c := s.client(id)
			for n := range reads / 8 {
				if n%4 == 0 {
					c.write(s.t.Context())
				}
				c.read(s.t.Context())
			}
		})
	}
	all.Wait()
}

// keepBusy has four clients count and read, and four read only, until the function that
// it returns is called.
func (s *counters) keepBusy() (rest func()) {
	ctx, stop := context.WithCancel(s.t.Context())
	var all sync.WaitGroup
	for id := range 8 {
		all.Go(func() {
			for c, n := s.client(id), 0; ctx.Err() == nil; n++ {
				if id%2 == 0 && n%4 == 0 {
					c.write(s.t.Context())
				}
				if !c.read(s.t.Context()) {
					<-time.After(time.Millisecond) // the others have work to do
				}
			}
		})
	}
	return func() {
		stop()
		all.Wait()
	}
}

// awaitReads returns once so many reads have succeeded.
func (s *counters) awaitReads(n int64) {
	s.t.Helper()
	before := s.served.Load()
	pgtest.WaitFor(s.t, "reads are served", func() bool { return s.served.Load() >= before+n })
}

// awaitUp returns once so many replicas serve.
func (s *counters) awaitUp(n int) {
	s.t.Helper()
	pgtest.WaitFor(s.t, fmt.Sprint(n, " replicas serve"), func() bool {
		up := 0
		for _, status := range s.set.Status() {
			if status.Up {
				up++
			}
		}
		return up == n
	})
}

// wantNoLies reports what the clients have seen since the last call.
func (s *counters) wantNoLies(when string) {
	s.t.Helper()
	where := map[string]int64{}
	s.reads.Range(func(key, n any) bool {
		where[key.(string)] = n.(*atomic.Int64).Swap(0)
		return true
	})
	served, stale, back, refused := s.served.Swap(0), s.stale.Swap(0), s.back.Swap(0), s.refused.Swap(0)
	s.t.Logf("%s: %d reads, %d stale, %d backwards, %d requests refused; transactions: %v", when, served, stale, back, refused, where)
	if stale+back > 0 || served == 0 {
		s.t.Errorf("%s: %d of %d reads were stale and %d went backwards, want 0", when, stale, served, back)
	}
}

// TestReadsAfterWrites has clients read on two replicas what they have written, however
// far those are behind.
func TestReadsAfterWrites(t *testing.T) {
	t.Parallel()
	c := replica.Start(t, 2)
	c.Primary.Exec(countersSQL)
	for name, by := range map[string]func(string) string{
		"directly": func(url string) string { return url },
		"through PgBouncer": func(url string) string {
			return inMode(t, pgbouncer.Start(t, url, pgbouncer.Options{}), "cache_describe")
		},
	} {
		s := startCounters(t, by(c.Primary.Login()), by(c.Replicas[0].Login()), by(c.Replicas[1].Login()))
		s.awaitUp(2)
		s.load(times(2000, 30_000))
		s.wantNoLies(name + ", replicas as they are")
		c.Replicas[0].Set("recovery_min_apply_delay", "60ms")
		s.load(times(2000, 30_000))
		s.wantNoLies(name + ", one replica 60 ms behind")
		c.Replicas[1].Exec("SELECT pg_wal_replay_pause()")
		s.load(times(600, 10_000))
		s.wantNoLies(name + ", and the other one paused")
		c.Replicas[0].Set("recovery_min_apply_delay", "0")
		c.Replicas[1].Exec("SELECT pg_wal_replay_resume()")
		s.load(times(600, 10_000))
		s.wantNoLies(name + ", both back")
	}
}

// TestReadsOutliveServers kills a replica, and then the primary, and promotes the other
// replica, while clients count and read.
func TestReadsOutliveServers(t *testing.T) {
	t.Parallel()
	c := replica.Start(t, 2)
	c.Primary.Exec(countersSQL)
	first, second := c.Replicas[0], c.Replicas[1]
	c.Primary.AwaitReplay(second)
	proxy := pgtest.Proxy(t, second.Login()) // a server that starts again is elsewhere
	s := startCounters(t, eitherHost(t, c.Primary.Login(), first.Login()), first.Login(), proxy.URL())
	s.awaitUp(2)
	c.Primary.Set("synchronous_standby_names", "ANY 1 (*)")
	rest := s.keepBusy()
	defer rest()
	s.awaitReads(200)

	if err := second.Kill(); err != nil {
		t.Fatal(err)
	}
	s.awaitReads(200)
	s.awaitUp(1)
	s.wantNoLies("a replica killed")
	second.Restart()
	if err := proxy.Redirect(second.Login()); err != nil {
		t.Fatal(err)
	}
	s.awaitUp(2)
	s.awaitReads(200)
	s.wantNoLies("the replica back")

	second.Follow(first) // so that it isn't ahead of it
	s.awaitReads(200)
	if err := c.Primary.Kill(); err != nil {
		t.Fatal(err)
	}
	s.awaitReads(200)
	s.wantNoLies("the primary killed")
	first.Promote()
	s.awaitReads(500)
	first.Exec("CHECKPOINT")
	first.AwaitReplay(second)
	second.Exec("CHECKPOINT") // which tells everybody that it follows the new timeline
	pgtest.WaitFor(t, "the other replica serves on the new timeline", func() bool {
		return s.set.Timeline() == 2 && !s.set.Status()[0].Up && s.set.Status()[1].Up
	})
	s.awaitReads(500)
	rest()
	s.wantNoLies("a replica promoted, and the other one follows it")
}

// TestAReplayHasATokenOfItsOwn sends a request twice by its key: a client that has lost
// the first response reads what it has written, too.
func TestAReplayHasATokenOfItsOwn(t *testing.T) {
	t.Parallel()
	c := replica.Start(t, 1)
	c.Primary.Exec(countersSQL)
	s := startCounters(t, c.Primary.Login(), c.Replicas[0].Login())
	s.awaitUp(1)
	c.Replicas[0].Exec("SELECT pg_wal_replay_pause()")
	first, retry := &client{s: s, key: "key"}, &client{s: s, key: "key"}
	first.write(t.Context())
	retry.write(t.Context())
	if retry.token <= first.token || retry.written != 1 {
		t.Errorf("the replay has counted to %d, and its token is %s, want 1 and one after %s", retry.written, retry.token, first.token)
	}
	retry.read(t.Context())
	s.wantNoLies("a replay, with the replica paused")
}

// eitherHost is the URL of the one of two servers that can be written to.
func eitherHost(t *testing.T, first, second string) string {
	t.Helper()
	a, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := url.Parse(second)
	if err != nil {
		t.Fatal(err)
	}
	a.Host += "," + b.Host
	return pgtest.WithParams(t, a.String(), map[string]string{"target_session_attrs": "read-write"})
}
