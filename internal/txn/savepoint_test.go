package txn

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/postgres"
)

func TestSavepointRollsBackOnePart(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	var ran []string
	after := func(ctx context.Context, name string) error {
		return AfterCommit(ctx, func(context.Context) error {
			ran = append(ran, name)
			return nil
		})
	}
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		if err := errors.Join(insert(ctx, "outer"), after(ctx, "outer")); err != nil {
			return err
		}
		err := Savepoint(ctx, func(ctx context.Context) error {
			return errors.Join(insert(ctx, "undone"), after(ctx, "undone"), insert(ctx, "outer"))
		})
		if !ent.IsConstraintError(err) {
			t.Errorf("Savepoint() = %v, want the violation of the unique name", err)
		}
		return Savepoint(ctx, func(ctx context.Context) error {
			return errors.Join(insert(ctx, "kept"), after(ctx, "kept"), Savepoint(ctx, func(ctx context.Context) error {
				return errors.Join(insert(ctx, "nested"), after(ctx, "nested"))
			}))
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"outer": true, "undone": false, "kept": true, "nested": true} {
		f.wantExists(t, name, want)
	}
	if diff := cmp.Diff([]string{"outer", "kept", "nested"}, ran); diff != "" {
		t.Errorf("after-commit functions (-want +got):\n%s", diff)
	}
}

func TestSavepointOutsideAUnitIsAnError(t *testing.T) {
	t.Parallel()
	err := Savepoint(t.Context(), func(context.Context) error { return nil })
	if !errors.Is(err, ErrNoUnit) {
		t.Errorf("Savepoint() = %v, want %v", err, ErrNoUnit)
	}
}

func TestSavepointRollsBackARecoveredPanic(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	var ran bool
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		if err := insert(ctx, "kept"); err != nil {
			return err
		}
		return isolatedPart(ctx, func(ctx context.Context) error {
			panic(errors.Join(insert(ctx, "undone"), AfterCommit(ctx, func(context.Context) error {
				ran = true
				return nil
			})))
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	f.wantExists(t, "kept", true)
	f.wantExists(t, "undone", false)
	if ran {
		t.Error("the after-commit function of a part that panicked ran")
	}
}

// isolatedPart runs a part, and ignores that it panics.
func isolatedPart(ctx context.Context, part func(context.Context) error) error {
	defer func() { _ = recover() }()
	return Savepoint(ctx, part)
}

func TestAFailedRollbackToASavepointForbidsTheCommit(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		tx, err := SQLFromContext(ctx)
		if err != nil {
			return err
		}
		err = Savepoint(ctx, func(ctx context.Context) error {
			if err := insert(ctx, "half"); err != nil {
				return err
			}
			rows, err := tx.QueryContext(ctx, "SELECT generate_series(1, 1000)") // left open
			if err != nil {
				return err
			}
			t.Cleanup(func() { _ = rows.Close() })
			return errors.Join(rows.Err(), errWork)
		})
		if !errors.Is(err, ErrBusy) {
			t.Errorf("Savepoint() = %v, want %v", err, ErrBusy)
		}
		return nil
	})
	if err == nil {
		t.Error("Run() = nil, want an error")
	}
	f.wantExists(t, "half", false)
}

func TestRollbackToASavepointTimesOut(t *testing.T) {
	t.Parallel()
	proxy, err := pgproxy.Start(t.Context(), NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	pool, err := postgres.Open(postgres.Options{URL: proxy.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	db := New(pool, Options{EndTimeout: 50 * time.Millisecond})
	proxy.Inject(pgproxy.Fault{Match: pgproxy.AtStatement("ROLLBACK TO SAVEPOINT"), Action: pgproxy.Stall})
	err = db.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		err := Savepoint(ctx, func(context.Context) error { return errWork })
		if !errors.Is(err, errWork) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Savepoint() = %v, want %v and %v", err, errWork, context.DeadlineExceeded)
		}
		return nil
	})
	if err == nil {
		t.Error("Run() = nil, want an error")
	}
}
