package txn_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	"commitment/internal/levers"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/pgtx"
	"commitment/internal/postgres"
	"commitment/internal/txn"
)

// both are the options with COMMITs of readers parked and not.
var both = map[string]txn.Options{"parked": {}, "at once": {CommitReadsAtOnce: true}}

func openPool(t *testing.T, url string, conns int) *sql.DB {
	t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: conns, MaxIdleConns: conns, PingAfter: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// read reads in a unit of work, as a request does.
func read(ctx context.Context, db *txn.DB) error {
	ctx, u, err := db.Begin(ctx, txn.ReadOnly, 1)
	if err != nil {
		return err
	}
	defer u.Close()
	if _, err := rowtest.Count(ctx, ent.FromContext(ctx)); err != nil {
		return err
	}
	if !u.HasOnlyRead() {
		return errors.New("HasOnlyRead() = false, want true")
	}
	u.CommitInBackground()
	return nil
}

// run reads as a job does.
func run(ctx context.Context, db *txn.DB) error {
	return db.Run(ctx, txn.ReadOnly, func(ctx context.Context) error {
		_, err := rowtest.Count(ctx, ent.FromContext(ctx))
		return err
	})
}

// TestEachUnitSeesItsOwnSettings has hundreds of units and plain statements share a few
// connections.
func TestEachUnitSeesItsOwnSettings(t *testing.T) {
	t.Parallel()
	for name, o := range both {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := openPool(t, pgtest.OwnerURL(t), 4)
			var ended atomic.Int32
			db := txn.New(pool, txn.Options{CommitReadsAtOnce: o.CommitReadsAtOnce, OnEnd: func(pgtx.Outcome, bool) { ended.Add(1) }})
			var all sync.WaitGroup
			const clients, times = 32, 20
			for client := range clients {
				all.Go(func() {
					for n := range times {
						if err := seesItsOwn(t.Context(), db, pool, fmt.Sprint(client, "'s ", n), n); err != nil {
							t.Errorf("client %d, unit %d: %v", client, n, err)
						}
					}
				})
			}
			all.Wait()
			if err := db.Wait(t.Context()); err != nil || ended.Load() != clients*times*3/4 {
				t.Errorf("ended = %d, %v, want %d units", ended.Load(), err, clients*times*3/4)
			}
		})
	}
}

// seesItsOwn compares what a statement sees of the tenant and the access mode: in a unit
// that reads or writes, or in none.
func seesItsOwn(ctx context.Context, db *txn.DB, pool *sql.DB, tenant string, n int) error {
	const ask = "SELECT concat_ws('|', current_setting('app.tenant', true), current_setting('transaction_read_only'))"
	var got, want string
	var err error
	if n%4 == 3 {
		want = "|off"
		err = pool.QueryRowContext(ctx, ask).Scan(&got)
	} else {
		mode := map[bool]sql.TxOptions{true: txn.ReadWrite, false: txn.ReadOnly}[n%4 == 2]
		want = tenant + map[bool]string{true: "|on", false: "|off"}[mode.ReadOnly]
		err = db.Run(ctx, mode, func(ctx context.Context) error {
			if err := txn.Set(ctx, "app.tenant", tenant); err != nil {
				return err
			}
			tx, err := txn.SQLFromContext(ctx)
			if err != nil {
				return err
			}
			return tx.QueryRowContext(ctx, ask, nil, &got)
		})
	}
	if err == nil && got != want {
		err = fmt.Errorf("saw %q, want %q", got, want)
	}
	return err
}

// TestReadsOutliveTheirSessions has the server end sessions at any time: no read fails.
func TestReadsOutliveTheirSessions(t *testing.T) {
	t.Parallel()
	url := pgtest.LoginURL(t, pgtest.OwnerURL(t))
	admin := pgtest.Open(t, url)
	db := txn.New(openPool(t, pgtest.WithParams(t, url, map[string]string{"application_name": "reads"}), 4), txn.Options{Log: slog.New(slog.DiscardHandler)})
	for range 50 {
		for range 4 {
			if err := run(t.Context(), db); err != nil {
				t.Fatal(err)
			}
		}
		pgtest.Exec(t, admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reads'")
	}
}

// TestReadsWithAShortTimeoutInTransactions: the server ends each session whose COMMIT is
// parked.
func TestReadsWithAShortTimeoutInTransactions(t *testing.T) {
	t.Parallel()
	if !levers.ParkedCommits {
		t.Skip("COMMITs of readers are not parked")
	}
	url := pgtest.WithParams(t, pgtest.OwnerURL(t), map[string]string{"idle_in_transaction_session_timeout": "1ms"})
	pool := openPool(t, url, 2)
	db := txn.New(pool, txn.Options{MaxAttempts: 20, Log: slog.New(slog.DiscardHandler)}) // a slow client may be between two statements
	for n := range 100 {
		if err := run(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(n%5) * time.Millisecond)
	}
}

// alone matches a parked COMMIT that is sent by itself, and withBegin one that isn't.
func alone(m pgproxy.Message) bool     { return m.Name == "Query" && m.SQL == "commit" }
func withBegin(m pgproxy.Message) bool { return m.Name == "Execute" && m.SQL == "commit" }

// TestAParkedCommitThatIsLost costs the connection, and nobody notices.
func TestAParkedCommitThatIsLost(t *testing.T) {
	t.Parallel()
	if !levers.ParkedCommits {
		t.Skip("COMMITs of readers are not parked")
	}
	for name, fault := range map[string]pgproxy.Fault{
		"cut by itself":            {Match: alone},
		"cut by itself, sent":      {Match: alone, Moment: pgproxy.Sent},
		"cut by itself, done":      {Match: alone, Moment: pgproxy.Answered},
		"reset by itself":          {Match: alone, Action: pgproxy.Reset},
		"stalled by itself":        {Match: alone, Action: pgproxy.Stall},
		"stalled by itself, done":  {Match: alone, Action: pgproxy.Stall, Moment: pgproxy.Answered},
		"cut with BEGIN":           {Match: withBegin},
		"cut with BEGIN, sent":     {Match: withBegin, Moment: pgproxy.Sent},
		"cut with BEGIN, answered": {Match: withBegin, Moment: pgproxy.Answered},
		"reset with BEGIN":         {Match: withBegin, Action: pgproxy.Reset},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := pgtest.Proxy(t, pgtest.OwnerURL(t))
			pool := openPool(t, proxy.URL(), 1)
			retries := 0
			db := txn.New(pool, txn.Options{Log: slog.New(slog.DiscardHandler), OnRetry: func() { retries++ }})
			fault.Times = 1
			injected := proxy.Inject(fault)
			pgtest.WaitFor(t, "the fault acts", func() bool {
				for range 3 {
					if err := read(t.Context(), db); err != nil {
						t.Fatal(err)
					}
				}
				return injected.Fired() > 0
			})
			if err := db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
				return rowtest.Insert(ctx, ent.FromContext(ctx), "a")
			}); err != nil || retries != 0 {
				t.Errorf("a write behind it = %v after %d retries, want success at once", err, retries)
			}
			if _, err := db.Client().IdempotencyKey.Query().Count(t.Context()); err != nil {
				t.Errorf("a plain query behind it: %v", err)
			}
		})
	}
}

// TestTheCommitOfAReaderHasNoUnknownOutcome: there was nothing to commit, so the work is
// done again.
func TestTheCommitOfAReaderHasNoUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]sql.TxOptions{
		"a snapshot":   txn.ReadOnly,
		"serializable": {Isolation: sql.LevelSerializable, ReadOnly: true},
	} {
		for moment, fault := range map[string]pgproxy.Fault{
			"before it arrives": {Match: pgproxy.AtCommit},
			"after it is done":  {Match: pgproxy.AtCommit, Moment: pgproxy.Answered},
		} {
			t.Run(name+", lost "+moment, func(t *testing.T) {
				t.Parallel()
				proxy := pgtest.Proxy(t, pgtest.OwnerURL(t))
				var outcomes []pgtx.Outcome
				db := txn.New(openPool(t, proxy.URL(), 1), txn.Options{
					CommitReadsAtOnce: true, Log: slog.New(slog.DiscardHandler), OnEnd: func(o pgtx.Outcome, _ bool) { outcomes = append(outcomes, o) },
				})
				fault.Times = 1
				injected := proxy.Inject(fault)
				err := db.Run(t.Context(), mode, func(ctx context.Context) error {
					_, err := rowtest.Count(ctx, ent.FromContext(ctx))
					return err
				})
				if err != nil || injected.Fired() != 1 {
					t.Errorf("Run() = %v after %d faults, want nil after 1", err, injected.Fired())
				}
				if diff := cmp.Diff([]pgtx.Outcome{pgtx.RolledBack, pgtx.Committed}, outcomes); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// TestNothingIsParkedWhenThePoolIsClosed: neither a session nor a goroutine is left.
func TestNothingIsParkedWhenThePoolIsClosed(t *testing.T) {
	t.Parallel()
	url := pgtest.WithParams(t, pgtest.OwnerURL(t), map[string]string{"application_name": "closed"})
	watcher := pgtest.Open(t, url)
	pgtest.Exec(t, watcher, "SET application_name = 'watcher'")
	for range 20 {
		pool := openPool(t, url, 4)
		db := txn.New(pool, txn.Options{})
		for range 8 {
			if err := read(t.Context(), db); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(db.Wait(t.Context()), pool.Close()); err != nil {
			t.Error(err)
		}
	}
	pgtest.WaitFor(t, "the sessions end", func() bool {
		return pgtest.Value[int](t, watcher, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'closed'") == 0
	})
}

// TestHooksOfAReadRun: the response doesn't wait for them, though no COMMIT is sent.
func TestHooksOfAReadRun(t *testing.T) {
	t.Parallel()
	for name, o := range both {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := txn.New(openPool(t, pgtest.OwnerURL(t), 1), o)
			respond := make(chan struct{})
			var ran []string
			ctx, u, err := db.Begin(t.Context(), txn.ReadOnly, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			ent.TxFromContext(ctx).OnCommit(func(next ent.Committer) ent.Committer {
				return ent.CommitFunc(func(ctx context.Context, tx *ent.Tx) error {
					<-respond
					err := next.Commit(ctx, tx)
					ran = append(ran, "hook")
					return err
				})
			})
			if err := txn.AfterCommit(ctx, func(context.Context) error {
				ran = append(ran, "after commit")
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := rowtest.Count(ctx, ent.FromContext(ctx)); err != nil {
				t.Fatal(err)
			}
			u.CommitInBackground()
			close(respond)
			if err := db.Wait(t.Context()); err != nil {
				t.Error(err)
			}
			if got := fmt.Sprint(ran); got != "[hook after commit]" {
				t.Errorf("ran %s, want the hook and the function", got)
			}
		})
	}
}
