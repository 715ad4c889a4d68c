package txn

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestAPgxFunctionIsCalledOnceEvenIfItsConnectionDies(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{MaxAttempts: 1})
	calls := 0
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		tx, err := SQLFromContext(ctx)
		if err != nil {
			return err
		}
		return tx.Pgx(ctx, func(conn *pgx.Conn) error {
			calls++
			_, err := conn.Exec(ctx, "SELECT pg_terminate_backend(pg_backend_pid())")
			return err
		})
	})
	if err == nil || calls != 1 {
		t.Errorf("Run() = %v after %d calls, want an error after 1", err, calls)
	}
}

func TestAnIgnoredErrorOfTheFirstStatementForbidsTheCommit(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		hasty, cancel := context.WithCancel(ctx)
		cancel()
		if err := insert(hasty, "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("error of a statement whose context has ended = %v, want %v", err, context.Canceled)
		}
		return insert(ctx, "b")
	})
	if !errors.Is(err, ErrSwallowed) {
		t.Errorf("Run() = %v, want %v", err, ErrSwallowed)
	}
	f.wantExists(t, "b", false)
}
