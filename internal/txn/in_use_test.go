package txn

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
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
