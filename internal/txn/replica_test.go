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
