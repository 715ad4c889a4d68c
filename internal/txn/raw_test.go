package txn

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"commitment/internal/pgtest"
)

func TestAPgxFunctionIsCalledOnceWhenItsConnectionIsDead(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{MaxAttempts: 1})
	f.exec(t, "SELECT 1") // the connection is idle now
	if _, err := pgtest.Open(t, f.url).ExecContext(t.Context(), `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
	calls := 0
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		tx, err := SQLFromContext(ctx)
		if err != nil {
			return err
		}
		return tx.Pgx(ctx, func(conn *pgx.Conn) error {
			calls++
			_, err := conn.Exec(ctx, "SELECT 1")
			return err
		})
	})
	if err == nil || calls != 1 {
		t.Errorf("Run() = %v after %d calls, want an error after 1", err, calls)
	}
}

func TestAnIgnoredErrorOfTheFirstStatementIsNoSuccess(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		hasty, cancel := context.WithCancel(ctx)
		cancel()
		if err := openAccount(hasty, "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("error of a statement whose context has ended = %v, want %v", err, context.Canceled)
		}
		return openAccount(ctx, "b")
	})
	if !errors.Is(err, ErrSwallowed) {
		t.Errorf("Run() = %v, want %v", err, ErrSwallowed)
	}
	f.wantExists(t, "b", false)
}
