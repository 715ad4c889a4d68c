package txn_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	"commitment/ent/idempotencykey"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/txn"
)

// openOne returns a DB with one connection, and what else reaches its database.
func openOne(t *testing.T, url string) (*txn.DB, *sql.DB) {
	t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return txn.New(pool, txn.Options{}), pool
}

func insert(ctx context.Context, name string) error {
	return rowtest.Insert(ctx, ent.FromContext(ctx), name)
}

func wantExists(t *testing.T, db *txn.DB, name string, want bool) {
	t.Helper()
	got, err := rowtest.Exists(t.Context(), db.Client(), name)
	if err != nil || got != want {
		t.Errorf("row %q exists = %v, %v, want %v", name, got, err, want)
	}
}

// inserting returns a function of Together that inserts a row.
func inserting(name string) func(context.Context) error {
	return func(ctx context.Context) error { return insert(ctx, name) }
}

func TestTogetherTakesOneRoundTripPerRound(t *testing.T) {
	t.Parallel()
	proxy := pgtest.Proxy(t, pgtest.OwnerURL(t))
	db, _ := openOne(t, proxy.URL())
	round := 0
	trips := func(work func(context.Context) error) int {
		t.Helper()
		var before int
		for range 3 { // one prepares the statements, one pings
			round++
			err := db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
				before = proxy.Stats().RoundTrips
				return work(ctx)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return proxy.Stats().RoundTrips - before
	}
	name := func(s string) string { return fmt.Sprint(s, round) }
	if got := trips(func(ctx context.Context) error {
		return txn.Together(ctx, inserting(name("a")), inserting(name("b")), inserting(name("c")))
	}); got != 2 {
		t.Errorf("round trips of three writes together, and COMMIT = %d, want 2", got)
	}
	twice := func(s string) func(context.Context) error {
		return func(ctx context.Context) error { return errors.Join(insert(ctx, name(s)), insert(ctx, name(s+s))) }
	}
	if got := trips(func(ctx context.Context) error {
		return txn.Together(ctx, twice("d"), inserting(name("e")), twice("f"))
	}); got != 3 {
		t.Errorf("round trips of five writes in two rounds, and COMMIT = %d, want 3", got)
	}
	if got := trips(func(ctx context.Context) error { return txn.Together(ctx, inserting(name("g"))) }); got != 2 {
		t.Errorf("round trips of one write, and COMMIT = %d, want 2", got)
	}
}

func TestFunctionsOfTogetherGetTheirOwnResults(t *testing.T) {
	t.Parallel()
	db, _ := openOne(t, pgtest.OwnerURL(t))
	var running, most atomic.Int32
	alone := func(work func() error) error {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		return work()
	}
	var deleted [3]int
	err := db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
		if err := errors.Join(insert(ctx, "a"), insert(ctx, "b"), insert(ctx, "c")); err != nil {
			return err
		}
		remove := func(i int, names ...string) func(context.Context) error {
			return func(ctx context.Context) error {
				if err := alone(func() error { runtime.Gosched(); return nil }); err != nil {
					return err
				}
				tx, err := txn.SQLFromContext(ctx)
				if err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, "SELECT 1"); err != nil { // SQL by hand is sent at once
					return err
				}
				deleted[i], err = ent.FromContext(ctx).IdempotencyKey.Delete().Where(idempotencykey.KeyIn(names...)).Exec(ctx)
				return errors.Join(err, alone(func() error { return nil }))
			}
		}
		return txn.Together(ctx, remove(0, "a", "b"), remove(1, "none"), remove(2, "c"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([3]int{2, 0, 1}, deleted); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if most.Load() != 1 {
		t.Errorf("functions at a time = %d, want 1", most.Load())
	}
}

// A statement that returns rows sees what the functions before its own have written, and
// not what the others will.
func TestAQueryInAFunctionOfTogetherKeepsTheOrder(t *testing.T) {
	t.Parallel()
	db, _ := openOne(t, pgtest.OwnerURL(t))
	var seen [3]int
	counting := func(i int, name string) func(context.Context) error {
		return func(ctx context.Context) (err error) {
			if seen[i], err = rowtest.Count(ctx, ent.FromContext(ctx)); err != nil {
				return err
			}
			return insert(ctx, name)
		}
	}
	err := db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
		return txn.Together(ctx, inserting("a"), counting(0, "b"), inserting("c"), counting(1, "d"), counting(2, "e"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([3]int{1, 3, 4}, seen); diff != "" {
		t.Errorf("rows seen (-want +got):\n%s", diff)
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		wantExists(t, db, name, true)
	}
}

func TestTogetherFailsTogether(t *testing.T) {
	t.Parallel()
	errRefused := errors.New("refused")
	for _, tt := range []struct {
		name      string
		functions []func(context.Context) error
		check     func(error) bool
		wantErrs  string // of the functions
	}{
		{
			"a statement", []func(context.Context) error{inserting("a"), inserting("there"), inserting("c")}, ent.IsConstraintError,
			"<nil>; constraint; skipped",
		},
		{
			"a function before its write", []func(context.Context) error{
				inserting("a"), func(context.Context) error { return errRefused }, inserting("c"),
			}, func(err error) bool { return errors.Is(err, errRefused) }, "skipped; refused",
		},
		{
			"a function after its write", []func(context.Context) error{
				func(ctx context.Context) error { return errors.Join(insert(ctx, "a"), errRefused) },
				func(ctx context.Context) error { return errors.Join(insert(ctx, "b"), insert(ctx, "c")) },
			}, func(err error) bool { return errors.Is(err, errRefused) }, "refused; skipped",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db, _ := openOne(t, pgtest.OwnerURL(t))
			if err := db.Run(t.Context(), txn.ReadWrite, inserting("there")); err != nil {
				t.Fatal(err)
			}
			got := make([]string, len(tt.functions))
			err := db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
				var all []func(context.Context) error
				for i, function := range tt.functions {
					all = append(all, func(ctx context.Context) error {
						err := function(ctx)
						switch {
						case ent.IsConstraintError(err):
							got[i] = "constraint"
						case errors.Is(err, txn.ErrSkipped):
							got[i] = "skipped"
						default:
							got[i] = fmt.Sprint(err)
						}
						got[i], _, _ = strings.Cut(got[i], "\n")
						return err
					})
				}
				return txn.Together(ctx, all...)
			})
			if !tt.check(err) {
				t.Errorf("Run() = %v", err)
			}
			if diff := cmp.Diff(tt.wantErrs, strings.Trim(strings.Join(got, "; "), "; ")); diff != "" {
				t.Errorf("errors of the functions (-want +got):\n%s", diff)
			}
			for _, name := range []string{"a", "b", "c"} {
				wantExists(t, db, name, false)
			}
		})
	}
}

func panicOf(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

func TestAPanicInAFunctionOfTogether(t *testing.T) {
	t.Parallel()
	db, _ := openOne(t, pgtest.OwnerURL(t))
	others := 0
	other := func(ctx context.Context) error {
		defer func() { others++ }()
		return insert(ctx, "a")
	}
	caught := panicOf(func() {
		_ = db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
			last := func(ctx context.Context) error { return other(ctx) }
			return txn.Together(ctx, other, func(context.Context) error { panic("mine") }, last)
		})
	})
	if caught != "mine" {
		t.Errorf("panic = %v, want mine", caught)
	}
	if others != 1 {
		t.Errorf("other functions that ended = %d, want 1: one had not begun", others)
	}
	ended := make(chan bool)
	go func() {
		returned := false
		defer func() { ended <- returned }()
		_ = db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
			return txn.Together(ctx, func(context.Context) error { runtime.Goexit(); return nil })
		})
		returned = true
	}()
	if <-ended {
		t.Error("Together returned although a function has left its goroutine")
	}
	wantExists(t, db, "a", false)
}

func TestWhatCannotBeUsedInAFunctionOfTogether(t *testing.T) {
	t.Parallel()
	db, _ := openOne(t, pgtest.OwnerURL(t))
	var left context.Context // that a function leaves behind
	err := db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
		return txn.Together(ctx, func(ctx context.Context) error {
			left = ctx //nolint:fatcontext // as a careless function does
			if err := txn.Together(ctx, inserting("a")); !errors.Is(err, txn.ErrNested) {
				t.Errorf("Together() = %v, want %v", err, txn.ErrNested)
			}
			if err := txn.Savepoint(ctx, inserting("a")); !errors.Is(err, txn.ErrNested) {
				t.Errorf("Savepoint() = %v, want %v", err, txn.ErrNested)
			}
			tx, err := txn.PgxTx(ctx)
			if err != nil {
				return err
			}
			if _, err := tx.Begin(ctx); !errors.Is(err, txn.ErrNested) {
				t.Errorf("Begin() = %v, want %v", err, txn.ErrNested)
			}
			// Two statements at once: one of them waits, the other is refused.
			results := make(chan error, 2)
			for _, name := range []string{"b", "c"} {
				go func() { results <- insert(ctx, name) }()
			}
			first, second := <-results, <-results
			if !errors.Is(errors.Join(first, second), txn.ErrBusy) || first != nil && second != nil {
				t.Errorf("statements at once = %v, %v, want one that is busy", first, second)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
	if err := insert(left, "d"); !errors.Is(err, txn.ErrEnded) {
		t.Errorf("a statement of a function that has ended = %v, want %v", err, txn.ErrEnded)
	}
	if err := txn.Together(t.Context(), inserting("e")); !errors.Is(err, txn.ErrNoUnit) {
		t.Errorf("Together() outside of a unit = %v, want %v", err, txn.ErrNoUnit)
	}
}

// What keeps the writes from being sent is the error of the first one.
func TestTogetherWithoutAConnection(t *testing.T) {
	t.Parallel()
	_, pool := openOne(t, pgtest.OwnerURL(t))
	db := txn.New(pool, txn.Options{AcquireTimeout: 50 * time.Millisecond})
	held := pgtest.Session(t, pool)
	errs := make([]error, 2)
	keeping := func(i int, name string) func(context.Context) error {
		return func(ctx context.Context) error {
			errs[i] = insert(ctx, name)
			return errs[i]
		}
	}
	err := db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
		return txn.Together(ctx, keeping(0, "a"), keeping(1, "b"))
	})
	for i, want := range []error{txn.ErrPoolTimeout, txn.ErrSkipped} {
		if !errors.Is(errs[i], want) {
			t.Errorf("error of function %d = %v, want %v", i, errs[i], want)
		}
	}
	if !errors.Is(err, txn.ErrPoolTimeout) {
		t.Errorf("Run() = %v, want %v", err, txn.ErrPoolTimeout)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	wantExists(t, db, "a", false)
	wantExists(t, db, "b", false)
}

func TestTogetherIsRetriedOnADeadConnection(t *testing.T) {
	t.Parallel()
	url := pgtest.OwnerURL(t)
	db, pool := openOne(t, url)
	if err := db.Run(t.Context(), txn.ReadWrite, inserting("a")); err != nil {
		t.Fatal(err)
	}
	pgtest.Terminate(t, pgtest.Open(t, url), pgtest.Backend(t, pool))
	if err := db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error { return txn.Together(ctx, inserting("b"), inserting("c")) }); err != nil {
		t.Fatal(err)
	}
	wantExists(t, db, "b", true)
	wantExists(t, db, "c", true)
}
