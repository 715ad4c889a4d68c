package txn

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"commitment/internal/pgtest/rowtest"
)

func TestModeAndSettingsComeBeforeTheFirstStatement(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	err := f.Run(t.Context(), ReadOnly, func(ctx context.Context) error {
		err := errors.Join(
			SetMode(ctx, Serializable),
			Set(ctx, "app.tenant", "it's 1"),
			Set(ctx, "statement_timeout", "1234ms"),
		)
		if err != nil {
			return err
		}
		var got []string
		for _, name := range []string{"transaction_isolation", "transaction_read_only", "app.tenant", "statement_timeout"} {
			v, err := value(ctx, "SELECT current_setting($1)", name)
			if err != nil {
				return err
			}
			got = append(got, v)
		}
		if diff := cmp.Diff([]string{"serializable", "off", "it's 1", "1234ms"}, got); diff != "" {
			t.Errorf("settings (-want +got):\n%s", diff)
		}
		for _, err := range []error{SetMode(ctx, ReadOnly), Set(ctx, "app.tenant", "2")} {
			if !errors.Is(err, ErrBegun) {
				t.Errorf("after the first statement = %v, want %v", err, ErrBegun)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = f.Run(t.Context(), ReadOnly, func(ctx context.Context) error {
		if v, err := value(ctx, "SELECT coalesce(current_setting('app.tenant', true), '')"); err != nil || v != "" {
			t.Errorf("the next unit on the connection sees %q, %v, want nothing", v, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRawAccessIsInTheTransaction(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		tx, err := SQLFromContext(ctx)
		if err != nil {
			return err
		}
		if err := insert(ctx, "a"); err != nil {
			return err
		}
		var seen int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM idempotency_keys WHERE key = $1", []any{"a"}, &seen); err != nil || seen != 1 {
			t.Errorf("rows seen = %d, %v, want 1", seen, err)
		}
		rows, err := tx.QueryContext(ctx, "SELECT generate_series(1, 1000)")
		if err != nil {
			return err
		}
		if err := insert(ctx, "b"); !errors.Is(err, ErrBusy) {
			t.Errorf("statement while rows are open = %v, want %v", err, ErrBusy)
		}
		if err := errors.Join(rows.Close(), rows.Err()); err != nil { //nolint:sqlclosecheck // before the next statement
			return err
		}
		result, err := tx.ExecContext(ctx, "UPDATE idempotency_keys SET key = 'c' WHERE key = $1", "a")
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); n != 1 || err != nil {
			t.Errorf("rows affected = %d, %v, want 1", n, err)
		}
		return tx.Pgx(ctx, func(conn *pgx.Conn) error {
			_, err := conn.CopyFrom(ctx, pgx.Identifier{rowtest.Table}, []string{"id", "status"}, pgx.CopyFromRows(nil))
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	f.wantExists(t, "c", true)
	if _, err := SQLFromContext(t.Context()); !errors.Is(err, ErrNoUnit) {
		t.Errorf("SQLFromContext() = %v outside, want %v", err, ErrNoUnit)
	}
}
