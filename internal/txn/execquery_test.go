package txn

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"commitment/ent"
)

// TestEntsRawStatementsRunInTheUnit is about the client of Ent's feature execquery.
func TestEntsRawStatementsRunInTheUnit(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{AcquireTimeout: 5 * time.Second})
	f.exec(t, "CREATE TABLE raw (n int)")
	undo := errors.New("undo")
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		if _, err := ent.FromContext(ctx).ExecContext(ctx, "INSERT INTO raw VALUES ($1)", 1); err != nil {
			return err
		}
		if _, err := f.Client().ExecContext(ctx, "INSERT INTO raw VALUES (2)"); !errors.Is(err, ErrRootClient) {
			t.Errorf("ExecContext() of the root client = %v, want %v", err, ErrRootClient)
		}
		if _, err := f.Client().QueryContext(ctx, "SELECT 1"); !errors.Is(err, ErrRootClient) { //nolint:sqlclosecheck,rowserrcheck,gocritic // an error has no rows
			t.Errorf("QueryContext() of the root client = %v, want %v", err, ErrRootClient)
		}
		if got := numbers(ctx, t, ent.FromContext(ctx)); !slices.Equal(got, []int{1}) {
			t.Errorf("rows in the unit = %v, want 1", got)
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	// Outside of a unit each is a transaction of its own, and gives its connection back.
	for range 2 {
		if _, err := f.Client().ExecContext(t.Context(), "INSERT INTO raw VALUES (3)"); err != nil {
			t.Fatal(err)
		}
	}
	if got := numbers(t.Context(), t, f.Client()); !slices.Equal(got, []int{3, 3}) {
		t.Errorf("rows = %v, want those of the root client alone", got)
	}
}

func numbers(ctx context.Context, t *testing.T, client *ent.Client) (all []int) {
	t.Helper()
	rows, err := client.QueryContext(ctx, "SELECT n FROM raw ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAHookOfARolledBackSavepointDoesNotRun(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	var ran []string
	hook := func(ctx context.Context, name string) {
		ent.TxFromContext(ctx).OnCommit(func(next ent.Committer) ent.Committer {
			return ent.CommitFunc(func(ctx context.Context, tx *ent.Tx) error {
				ran = append(ran, name)
				return next.Commit(ctx, tx)
			})
		})
	}
	undo := errors.New("undo")
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		hook(ctx, "before")
		err := Savepoint(ctx, func(ctx context.Context) error {
			hook(ctx, "undone")
			_ = Savepoint(ctx, func(ctx context.Context) error { hook(ctx, "kept, then undone"); return nil })
			return undo
		})
		if !errors.Is(err, undo) {
			return err
		}
		return Savepoint(ctx, func(ctx context.Context) error { hook(ctx, "kept"); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ran)
	if want := []string{"before", "kept"}; !slices.Equal(ran, want) {
		t.Errorf("hooks that ran = %q, want %q", ran, want)
	}
}
