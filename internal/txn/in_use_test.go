package txn

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestAnEndWithOpenRowsIsAnError(t *testing.T) {
	t.Parallel()
	contexts := map[string]func(context.Context) context.Context{
		"of the unit":  func(ctx context.Context) context.Context { return ctx },
		"from outside": context.WithoutCancel,
	}
	for name, of := range contexts {
		t.Run("read on a context "+name, func(t *testing.T) {
			t.Parallel()
			f := open(t, 1, Options{})
			err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
				if err := insert(ctx, "a"); err != nil {
					return err
				}
				tx, err := SQLFromContext(ctx)
				if err != nil {
					return err
				}
				rows, err := tx.QueryContext(of(ctx), "SELECT generate_series(1, 1000)")
				if err != nil {
					return err
				}
				t.Cleanup(func() { _ = rows.Close() })
				return rows.Err()
			})
			if !errors.Is(err, ErrBusy) {
				t.Errorf("Run() = %v, want %v", err, ErrBusy)
			}
			f.pool.SetMaxOpenConns(2) // one is held for as long as its rows are open
			f.wantExists(t, "a", false)
		})
	}
}

func TestAnEndDoesNotWaitForAStatementForever(t *testing.T) {
	t.Parallel()
	f := open(t, 2, Options{EndTimeout: 100 * time.Millisecond})
	asleep := make(chan error, 1)
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		tx, err := SQLFromContext(ctx)
		if err != nil {
			return err
		}
		go func() {
			_, err := tx.ExecContext(context.WithoutCancel(ctx), "SELECT pg_sleep(600)")
			asleep <- err
		}()
		return f.eventually(t, `SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`)
	})
	if !errors.Is(err, ErrBusy) {
		t.Errorf("Run() = %v, want %v", err, ErrBusy)
	}
	if err := <-asleep; !errors.Is(err, ErrEnded) {
		t.Errorf("ExecContext() = %v, want %v", err, ErrEnded)
	}
	if err := f.eventually(t, `SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`); err != nil {
		t.Error(err)
	}
}

// TestTheConnectionIsReadOnlyBetweenItsStatements is for the race detector: a goroutine
// runs statements all the time, while others are refused and the unit ends.
func TestTheConnectionIsReadOnlyBetweenItsStatements(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	for range 20 {
		var stray sync.WaitGroup
		err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
			tx, err := SQLFromContext(ctx)
			if err != nil {
				return err
			}
			rows, err := tx.QueryContext(ctx, "SELECT 1")
			if err != nil {
				return err
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil { //nolint:sqlclosecheck // before the next statement
				return err
			}
			started := make(chan struct{})
			stray.Go(func() {
				close(started)
				for {
					if _, err := tx.ExecContext(context.WithoutCancel(ctx), "SELECT 1"); errors.Is(err, ErrEnded) {
						return
					}
				}
			})
			<-started
			for range 20 {
				if _, err := tx.ExecContext(ctx, "COMMIT"); !errors.Is(err, ErrManaged) {
					t.Errorf("COMMIT while another statement runs = %v, want %v", err, ErrManaged)
				}
			}
			return errWork
		})
		stray.Wait()
		if !errors.Is(err, errWork) {
			t.Errorf("Run() = %v, want %v", err, errWork)
		}
	}
}

// TestTheConnectionIsNotReadWhileItsRowsAreClosed is for the race detector: database/sql
// closes rows in a goroutine of its own when their context ends.
func TestTheConnectionIsNotReadWhileItsRowsAreClosed(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	for name, write := range map[string]func(context.Context) error{
		"nothing": func(context.Context) error { return nil },
		"a write": func(ctx context.Context) error { return insert(ctx, "a") },
	} {
		err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
			tx, err := SQLFromContext(ctx)
			if err != nil {
				return err
			}
			ofRows, cancel := context.WithCancel(ctx)
			defer cancel()
			rows, err := tx.QueryContext(ofRows, "SELECT generate_series(1, 100000)")
			if err != nil {
				return err
			}
			cancel()
			if err := WithCommit(ctx, write); err != nil && !errors.Is(err, ErrBusy) {
				t.Errorf("%s: WithCommit() = %v, want %v or nothing", name, err, ErrBusy)
			}
			return errors.Join(errWork, rows.Err(), rows.Close()) //nolint:sqlclosecheck // not before
		})
		if !errors.Is(err, errWork) {
			t.Errorf("%s: Run() = %v, want %v", name, err, errWork)
		}
	}
}

// TestAnEndWhileAGoroutineReads is for the race detector, too: the end closes what is
// being read.
func TestAnEndWhileAGoroutineReads(t *testing.T) {
	t.Parallel()
	const many = "SELECT i, repeat('x', 100) FROM generate_series(1, 200000) i"
	drain := func(rows pgx.Rows) error {
		for rows.Next() {
			if _, err := rows.Values(); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	for name, read := range map[string]func(context.Context, pgx.Tx) error{
		"rows": func(ctx context.Context, tx pgx.Tx) error {
			rows, err := tx.Query(ctx, many)
			if err != nil {
				return err
			}
			return drain(rows)
		},
		"the tag of rows": func(ctx context.Context, tx pgx.Tx) error {
			rows, err := tx.Query(ctx, many)
			if err != nil {
				return err
			}
			for rows.Err() == nil {
				_ = rows.CommandTag().String()
			}
			return rows.Err()
		},
		"the rows of a batch": func(ctx context.Context, tx pgx.Tx) error {
			batch := &pgx.Batch{}
			batch.Queue(many)
			rows, err := tx.SendBatch(ctx, batch).Query()
			if err != nil {
				return err
			}
			return drain(rows)
		},
		"the results of a batch": func(ctx context.Context, tx pgx.Tx) error {
			batch := &pgx.Batch{}
			for range 1000 {
				batch.Queue("SELECT 1")
			}
			results := tx.SendBatch(ctx, batch)
			for {
				if _, err := results.Exec(); err != nil {
					return err
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, 1, Options{})
			for range 5 {
				var stray sync.WaitGroup
				err := f.runPgx(t, func(ctx context.Context, tx pgx.Tx) error {
					started := make(chan struct{})
					stray.Go(func() {
						close(started)
						if err := read(context.WithoutCancel(ctx), tx); err == nil {
							t.Log("all was read")
						}
					})
					<-started
					_, err := tx.Exec(ctx, "SELECT 1")
					return errors.Join(errWork, err)
				})
				stray.Wait()
				if !errors.Is(err, errWork) {
					t.Errorf("Run() = %v, want %v", err, errWork)
				}
			}
		})
	}
}

// eventually returns once the query, seen from outside, is true.
func (f *fixture) eventually(t *testing.T, query string) error {
	t.Helper()
	for {
		var ok bool
		if err := f.pool.QueryRowContext(t.Context(), query).Scan(&ok); ok || err != nil {
			return err
		}
	}
}
