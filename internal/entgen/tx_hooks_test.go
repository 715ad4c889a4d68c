package main

import (
	"context"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	_ "commitment/ent/runtime"
)

// nowhere is a driver whose transactions begin and end without a database.
type nowhere struct{ dialect.Driver }

func (d nowhere) Dialect() string                        { return dialect.Postgres }
func (d nowhere) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }

func TestTruncateHooks(t *testing.T) {
	t.Parallel()
	tx, err := ent.NewClient(ent.Driver(nowhere{})).Tx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ran []string
	register := func(name string) {
		tx.OnCommit(func(next ent.Committer) ent.Committer {
			return ent.CommitFunc(func(ctx context.Context, tx *ent.Tx) error {
				ran = append(ran, "commit "+name)
				return next.Commit(ctx, tx)
			})
		})
		tx.OnRollback(func(next ent.Rollbacker) ent.Rollbacker {
			return ent.RollbackFunc(func(ctx context.Context, tx *ent.Tx) error {
				ran = append(ran, "rollback "+name)
				return next.Rollback(ctx, tx)
			})
		})
	}
	register("before")
	commit, rollback := tx.HookCounts()
	if commit != 1 || rollback != 1 {
		t.Errorf("HookCounts() = %d, %d, want 1, 1", commit, rollback)
	}
	register("inside")
	tx.TruncateHooks(commit, rollback)
	register("after")
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	want := []string{"commit before", "commit after", "rollback before", "rollback after"}
	if diff := cmp.Diff(want, ran); diff != "" {
		t.Errorf("hooks that ran (-want +got):\n%s", diff)
	}
}
