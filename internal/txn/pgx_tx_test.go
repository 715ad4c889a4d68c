package txn

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// runPgx runs work in a unit of work, as a pgx.Tx.
func (f *fixture) runPgx(t *testing.T, work func(ctx context.Context, tx pgx.Tx) error) error {
	t.Helper()
	return f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		tx, err := PgxTx(ctx)
		if err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

func openNumbers(t *testing.T, o Options) *fixture {
	t.Helper()
	f := open(t, 1, o)
	f.exec(t, "CREATE TABLE numbers (n int PRIMARY KEY)")
	return f
}

// numbers are those that were committed.
func (f *fixture) numbers(t *testing.T) []int {
	t.Helper()
	var all []int
	err := f.runPgx(t, func(ctx context.Context, tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, "SELECT n FROM numbers ORDER BY n")
		var err error
		all, err = pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPgxTxIsTheUnitsTransaction(t *testing.T) {
	t.Parallel()
	f := openNumbers(t, Options{})
	err := f.runPgx(t, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO numbers VALUES ($1)", 1); err != nil {
			return err
		}
		if err := insert(ctx, "beside it"); err != nil {
			return err
		}
		if n, err := tx.CopyFrom(ctx, pgx.Identifier{"numbers"}, []string{"n"}, pgx.CopyFromRows([][]any{{2}, {3}})); n != 2 || err != nil {
			t.Errorf("CopyFrom() = %d, %v, want 2", n, err)
		}
		batch := &pgx.Batch{}
		batch.Queue("INSERT INTO numbers VALUES (4)")
		batch.Queue("SELECT sum(n) FROM numbers").QueryRow(func(row pgx.Row) error {
			var sum int
			if err := row.Scan(&sum); sum != 10 || err != nil {
				t.Errorf("sum in a batch = %d, %v, want 10", sum, err)
			}
			return nil
		})
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		if _, err := tx.Prepare(ctx, "stmt_of_the_test", "SELECT 1"); err != nil {
			return err
		}
		var none int
		if err := tx.QueryRow(ctx, "SELECT n FROM numbers WHERE n = 9").Scan(&none); !errors.Is(err, pgx.ErrNoRows) {
			t.Errorf("QueryRow() of no row = %v, want %v", err, pgx.ErrNoRows)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 2, 3, 4}, f.numbers(t)); diff != "" {
		t.Error(diff)
	}
	f.wantExists(t, "beside it", true)
}

func TestNobodyEndsAUnitThroughItsPgxTx(t *testing.T) {
	t.Parallel()
	f := openNumbers(t, Options{})
	for name, end := range map[string]func(context.Context, pgx.Tx) error{
		"Commit":   func(ctx context.Context, tx pgx.Tx) error { return tx.Commit(ctx) },
		"Rollback": func(ctx context.Context, tx pgx.Tx) error { return tx.Rollback(ctx) },
		"Exec":     func(ctx context.Context, tx pgx.Tx) error { _, err := tx.Exec(ctx, "COMMIT"); return err },
		"Query":    func(ctx context.Context, tx pgx.Tx) error { _, err := tx.Query(ctx, "COMMIT"); return err }, //nolint:gocritic,sqlclosecheck // none
		"SendBatch": func(ctx context.Context, tx pgx.Tx) error {
			batch := &pgx.Batch{}
			batch.Queue("COMMIT")
			return tx.SendBatch(ctx, batch).Close()
		},
	} {
		err := f.runPgx(t, func(ctx context.Context, tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO numbers VALUES (1)"); err != nil {
				return err
			}
			if err := end(ctx, tx); !errors.Is(err, ErrManaged) {
				t.Errorf("%s = %v, want %v", name, err, ErrManaged)
			}
			return errors.New("roll back")
		})
		if err == nil {
			t.Errorf("%s: Run() = nil, want an error", name)
		}
	}
	if all := f.numbers(t); len(all) > 0 {
		t.Errorf("committed = %v, want nothing", all)
	}
}

func TestBeginOfAPgxTxIsASavepoint(t *testing.T) {
	t.Parallel()
	f := openNumbers(t, Options{})
	err := f.runPgx(t, func(ctx context.Context, tx pgx.Tx) error {
		for n, end := range []func(pgx.Tx, context.Context) error{pgx.Tx.Rollback, pgx.Tx.Commit} {
			part, err := tx.Begin(ctx)
			if err != nil {
				return err
			}
			if _, err := part.Exec(ctx, "INSERT INTO numbers VALUES ($1)", n); err != nil {
				return err
			}
			if err := end(part, ctx); err != nil {
				return err
			}
			if _, err := part.Exec(ctx, "SELECT 1"); !errors.Is(err, pgx.ErrTxClosed) {
				t.Errorf("a statement after the end = %v, want %v", err, pgx.ErrTxClosed)
			}
		}
		part, err := tx.Begin(ctx)
		if err != nil {
			return err
		}
		if _, err := part.Exec(ctx, "INSERT INTO numbers VALUES (1)"); err == nil {
			t.Error("a duplicate was inserted")
		}
		return part.Rollback(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1}, f.numbers(t)); diff != "" {
		t.Error(diff)
	}
}

func TestAnErrorOfAPgxTxCantBeIgnored(t *testing.T) {
	t.Parallel()
	f := openNumbers(t, Options{})
	err := f.runPgx(t, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT 1 / n FROM generate_series(-200, 200) n")
		for err == nil && rows.Next() {
			continue
		}
		return nil // whatever the error
	})
	if !errors.Is(err, ErrSwallowed) {
		t.Errorf("Run() = %v, want %v", err, ErrSwallowed)
	}
}

func TestRowsOfAPgxTxKeepTheUnitBusy(t *testing.T) {
	t.Parallel()
	f := openNumbers(t, Options{})
	err := f.runPgx(t, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT n FROM generate_series(1, 2) n")
		if err != nil {
			return err
		}
		if err := insert(ctx, "meanwhile"); !errors.Is(err, ErrBusy) {
			t.Errorf("a statement beside open rows = %v, want %v", err, ErrBusy)
		}
		rows.Close()
		if err := insert(ctx, "after"); err != nil {
			return err
		}
		_, err = tx.Query(ctx, "SELECT n FROM generate_series(1, 2) n") //nolint:gocritic,sqlclosecheck // left open
		return errors.Join(err, errors.New("roll back"))
	})
	if err == nil {
		t.Error("Run() = nil, want an error")
	}
	// The only connection is free again, and is the same one.
	if all := f.numbers(t); len(all) > 0 {
		t.Errorf("committed = %v, want nothing", all)
	}
	if open := f.pool.Stats().MaxIdleClosed + f.pool.Stats().MaxLifetimeClosed; open != 0 {
		t.Errorf("%d connections were closed, want 0", open)
	}
}

func TestAPgxTxIsRetried(t *testing.T) {
	t.Parallel()
	f := openNumbers(t, Options{})
	f.exec(t, "CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE serialization_failure; END $$")
	attempts := 0
	err := f.runPgx(t, func(ctx context.Context, tx pgx.Tx) error {
		attempts++
		if _, err := tx.Exec(ctx, "INSERT INTO numbers VALUES ($1)", attempts); err != nil {
			return err
		}
		if attempts == 1 {
			var n int
			return tx.QueryRow(ctx, "SELECT fails()").Scan(&n)
		}
		return nil
	})
	if err != nil || attempts != 2 {
		t.Errorf("Run() = %v after %d attempts, want nil after 2", err, attempts)
	}
	if diff := cmp.Diff([]int{2}, f.numbers(t)); diff != "" {
		t.Error(diff)
	}
}

// The first statement finds a dead idle connection, and takes another one, whichever
// way it is sent.
func TestAPgxTxSurvivesADeadIdleConnection(t *testing.T) {
	t.Parallel()
	f := openNumbers(t, Options{MaxAttempts: 1})
	for name, first := range map[string]func(context.Context, pgx.Tx) error{
		"Exec": func(ctx context.Context, tx pgx.Tx) error { _, err := tx.Exec(ctx, "SELECT $1::int", 1); return err },
		"QueryRow": func(ctx context.Context, tx pgx.Tx) error {
			var n int
			return tx.QueryRow(ctx, "SELECT $1::int", 1).Scan(&n)
		},
	} {
		if all := f.numbers(t); len(all) > 0 { // makes a connection
			t.Fatal(all)
		}
		f.killIdle(t)
		if err := f.runPgx(t, first); err != nil {
			t.Errorf("%s: Run() = %v, want nil", name, err)
		}
	}
}

// killIdle ends the session of the only connection.
func (f *fixture) killIdle(t *testing.T) {
	t.Helper()
	var pid int
	if err := f.pool.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), f.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "SELECT pg_terminate_backend($1, 5000)", pid); err != nil {
		t.Fatal(err)
	}
}

func TestPgxTxWithoutAUnit(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	if _, err := PgxTx(t.Context()); !errors.Is(err, ErrNoUnit) {
		t.Errorf("PgxTx() = %v, want %v", err, ErrNoUnit)
	}
	var kept pgx.Tx
	err := f.runPgx(t, func(_ context.Context, tx pgx.Tx) error {
		kept = tx
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		kept.QueryRow(t.Context(), "SELECT 1").Scan(new(int)),
		kept.SendBatch(t.Context(), &pgx.Batch{}).Close(),
	} {
		if !errors.Is(err, ErrEnded) {
			t.Errorf("after the end: %v, want %v", err, ErrEnded)
		}
	}
	if len(f.outcomes) > 0 {
		t.Errorf("outcomes = %v, want none", f.outcomes)
	}
}
