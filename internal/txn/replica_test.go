package txn_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"commitment/ent"
	"commitment/internal/pgtest/replica"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/pgtx"
	"commitment/internal/postgres"
	"commitment/internal/replicas"
	"commitment/internal/txn"
)

// replicated is a DB with replicas, and how many reads went where, and why.
type replicated struct {
	*txn.DB
	cluster *replica.Cluster
	set     *replicas.Set

	mu    sync.Mutex
	reads map[string]int
}

func replicate(t *testing.T, n int, o txn.Options) *replicated {
	t.Helper()
	f := &replicated{cluster: replica.Start(t, n), reads: map[string]int{}}
	var all []*replicas.Replica
	for i, server := range f.cluster.Replicas {
		all = append(all, &replicas.Replica{Name: fmt.Sprint(i), Pool: pool(t, server.Owner, 4), Probe: pool(t, server.Owner, 1)})
	}
	primary := pool(t, f.cluster.Primary.Owner, 4)
	f.set = replicas.New(primary, all, replicas.Options{Log: slog.New(slog.DiscardHandler)})
	o.Replicas = f.set
	o.OnRead = func(target, reason string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.reads[strings.TrimSpace(target+" "+reason)]++
	}
	f.DB = txn.New(primary, o)
	if err := f.set.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

func pool(t *testing.T, url string, conns int) *sql.DB {
	t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: conns, MaxIdleConns: conns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// run runs work in a unit after a position, and returns the unit's.
func (f *replicated) run(t *testing.T, mode sql.TxOptions, after pgtx.Position, work func(context.Context) error) pgtx.Position {
	t.Helper()
	ctx, u, err := f.Begin(t.Context(), mode, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if err := txn.After(ctx, after); err != nil {
		t.Fatal(err)
	}
	if err := work(ctx); err != nil {
		t.Fatal(err)
	}
	if u.HasOnlyRead() {
		u.CommitInBackground()
	} else if err := u.Commit(); err != nil {
		t.Fatal(err)
	}
	return u.Position()
}

func (f *replicated) insert(t *testing.T, name string) pgtx.Position {
	t.Helper()
	return f.run(t, txn.ReadWrite, pgtx.Position{}, func(ctx context.Context) error {
		return rowtest.Insert(ctx, ent.FromContext(ctx), name)
	})
}

func (f *replicated) count(t *testing.T, after pgtx.Position) (n int, at pgtx.Position) {
	t.Helper()
	at = f.run(t, txn.ReadOnly, after, func(ctx context.Context) (err error) {
		n, err = rowtest.Count(ctx, ent.FromContext(ctx))
		return err
	})
	return n, at
}

// wantReads compares where reads went since the last call.
func (f *replicated) wantReads(t *testing.T, want map[string]int) {
	t.Helper()
	if err := f.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if diff := cmp.Diff(want, f.reads); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	clear(f.reads)
}

// replay makes all replicas replay what was written, or pauses them.
func (f *replicated) replay(on bool) {
	for _, r := range f.cluster.Replicas {
		if !on {
			r.Exec("SELECT pg_wal_replay_pause()")
			continue
		}
		r.Exec("SELECT pg_wal_replay_resume()")
		f.cluster.Primary.AwaitReplay(r)
	}
}

func TestReadsOnReplicas(t *testing.T) {
	t.Parallel()
	f := replicate(t, 2, txn.Options{MaxAttempts: 1})
	expect := func(after pgtx.Position, want int) pgtx.Position {
		t.Helper()
		n, at := f.count(t, after)
		if n != want || at.Compare(after) < 0 {
			t.Errorf("count = %d at %v, want %d after %v", n, at, want, after)
		}
		return at
	}
	written := f.insert(t, "a")
	f.wantReads(t, map[string]int{})
	f.replay(true)
	for range 4 {
		expect(written, 1)
	}
	f.wantReads(t, map[string]int{"replica": 4})

	f.replay(false)
	later := f.insert(t, "b")
	expect(written, 1) // no client has seen more
	f.wantReads(t, map[string]int{"replica": 1})
	expect(later, 2)
	f.wantReads(t, map[string]int{"primary behind": 1})
	f.replay(true)
	expect(later, 2)
	f.wantReads(t, map[string]int{"replica": 1})
}

// TestWhatAReplicaCannotServe has units end up on the primary, without an error, and
// attempt 2 only if the first statement was served.
func TestWhatAReplicaCannotServe(t *testing.T) {
	t.Parallel()
	f := replicate(t, 1, txn.Options{MaxAttempts: 1})
	one := func(ctx context.Context, query string) error {
		tx, err := txn.SQLFromContext(ctx)
		if err != nil {
			return err
		}
		var s sql.NullString
		return tx.QueryRowContext(ctx, query, nil, &s)
	}
	for name, tt := range map[string]struct {
		mode  sql.TxOptions
		work  func(ctx context.Context) error
		reads map[string]int
	}{
		"a snapshot": {
			mode: txn.ReadOnly, work: func(ctx context.Context) error { return one(ctx, "SELECT 1") }, reads: map[string]int{"replica": 1},
		},
		"a statement that no standby runs": {
			mode: txn.ReadOnly, work: func(ctx context.Context) error { return one(ctx, "SELECT pg_current_wal_lsn()") }, reads: map[string]int{"primary failed": 1},
		},
		"the same as the second one": {
			mode: txn.ReadOnly, work: func(ctx context.Context) error {
				if err := one(ctx, "SELECT 1"); err != nil {
					return err
				}
				return one(ctx, "SELECT pg_current_wal_lsn()")
			}, reads: map[string]int{"replica": 1, "primary retry": 1},
		},
		"a connection of pgx": {
			mode: txn.ReadOnly, work: func(ctx context.Context) error {
				tx, err := txn.SQLFromContext(ctx)
				if err != nil {
					return err
				}
				return tx.Pgx(ctx, func(conn *pgx.Conn) error {
					var standby bool
					if err := conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&standby); err != nil || standby {
						return fmt.Errorf("in recovery: %v, %w", standby, err)
					}
					return nil
				})
			}, reads: map[string]int{"primary raw": 1},
		},
		"SERIALIZABLE": {mode: txn.Serializable, work: func(ctx context.Context) error { return one(ctx, "SELECT pg_current_xact_id()") }, reads: map[string]int{}},
		"READ WRITE":   {mode: txn.ReadWrite, work: func(ctx context.Context) error { return one(ctx, "SELECT pg_current_xact_id()") }, reads: map[string]int{}},
	} {
		err := f.Run(t.Context(), tt.mode, func(ctx context.Context) error {
			if err := txn.After(ctx, txn.Position{}); err != nil {
				return err
			}
			return tt.work(ctx)
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f.wantReads(t, tt.reads)
	}
}

// TestAConflictWithRecovery has a replica end the session of a read: it is retried on the
// primary, even if work is attempted once.
func TestAConflictWithRecovery(t *testing.T) {
	t.Parallel()
	f := replicate(t, 1, txn.Options{MaxAttempts: 1})
	f.cluster.Replicas[0].Set("max_standby_streaming_delay", "0")
	attempts := 0
	err := f.Run(t.Context(), txn.ReadOnly, func(ctx context.Context) error {
		attempts++
		if err := txn.After(ctx, txn.Position{}); err != nil {
			return err
		}
		if _, err := rowtest.Count(ctx, ent.FromContext(ctx)); err != nil {
			return err
		}
		if attempts == 1 {
			f.cluster.Primary.Exec("LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE; ALTER TABLE idempotency_keys SET (fillfactor = 90)")
			f.cluster.Primary.AwaitReplay(f.cluster.Replicas[0]) // which ends the session that holds a lock
		}
		_, err := rowtest.Count(ctx, ent.FromContext(ctx))
		return err
	})
	if err != nil || attempts != 2 {
		t.Errorf("Run() = %v in %d attempts, want nil in 2", err, attempts)
	}
	f.wantReads(t, map[string]int{"replica": 1, "primary retry": 1})
}

// TestTheEndHasAPosition asks each end of a unit for a position that a replica can be
// asked for.
func TestTheEndHasAPosition(t *testing.T) {
	t.Parallel()
	f := replicate(t, 1, txn.Options{})
	now, err := f.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(*txn.Unit){
		"commit":   func(u *txn.Unit) { _ = u.Commit() },
		"rollback": (*txn.Unit).Rollback,
	} {
		ctx, u, err := f.Begin(t.Context(), txn.ReadWrite, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(u.Close)
		if err := txn.After(ctx, txn.Position{Timeline: 1, LSN: 1, XMax: 7}); err != nil {
			t.Fatal(err)
		}
		if err := rowtest.Insert(ctx, ent.FromContext(ctx), name); err != nil {
			t.Fatal(err)
		}
		if at := u.Position(); !at.IsZero() {
			t.Errorf("%s: position before it = %v, want none", name, at)
		}
		end(u)
		if at := u.Position(); at.Compare(now) <= 0 || at.XMax != 7 {
			t.Errorf("%s: position = %v, %d, want one after %v, and the 7 that the primary wasn't checked for", name, at, at.XMax, now)
		}
	}
}

// TestACommitWhosePositionIsLost has the server refuse to tell its position behind COMMIT:
// the work is committed, and only the primary is sure to show it.
func TestACommitWhosePositionIsLost(t *testing.T) {
	t.Parallel()
	f := replicate(t, 1, txn.Options{})
	db := txn.New(pool(t, f.cluster.Primary.Login(), 2), txn.Options{Replicas: f.set, Log: slog.New(slog.DiscardHandler)})
	f.cluster.Primary.Exec("REVOKE EXECUTE ON FUNCTION pg_current_wal_insert_lsn() FROM PUBLIC")
	ctx, u, err := db.Begin(t.Context(), txn.ReadWrite, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if err := txn.After(ctx, txn.Position{}); err != nil {
		t.Fatal(err)
	}
	if err := rowtest.Insert(ctx, ent.FromContext(ctx), "a"); err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(); err != nil {
		t.Errorf("Commit() = %v, want nil", err)
	}
	if at := u.Position(); at != pgtx.Unreached(1) {
		t.Errorf("position = %v, want %v", at, pgtx.Unreached(1))
	}
	if n, _ := f.count(t, u.Position()); n != 1 {
		t.Errorf("count = %d, want 1", n)
	}
	f.wantReads(t, map[string]int{"primary behind": 1})
}
