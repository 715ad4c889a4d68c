package txn

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// guard is for what the end of the unit closes while another goroutine reads it.
type guard struct {
	sync.Mutex
	stopped bool // the end has closed it
}

// guardedRows are rows that the end of the unit may close.
type guardedRows struct {
	pgx.Rows
	guard *guard
}

// Next reads the next row.
func (r guardedRows) Next() bool {
	r.guard.Lock()
	defer r.guard.Unlock()
	return !r.guard.stopped && r.Rows.Next()
}

// Scan reads the values of the row.
func (r guardedRows) Scan(dest ...any) error {
	r.guard.Lock()
	defer r.guard.Unlock()
	if r.guard.stopped {
		return ErrEnded
	}
	return r.Rows.Scan(dest...)
}

// Values returns the values of the row.
func (r guardedRows) Values() ([]any, error) {
	r.guard.Lock()
	defer r.guard.Unlock()
	if r.guard.stopped {
		return nil, ErrEnded
	}
	return r.Rows.Values()
}

// RawValues returns the values of the row as the server has sent them.
func (r guardedRows) RawValues() [][]byte {
	r.guard.Lock()
	defer r.guard.Unlock()
	if r.guard.stopped {
		return nil
	}
	return r.Rows.RawValues()
}

// FieldDescriptions describes the columns.
func (r guardedRows) FieldDescriptions() []pgconn.FieldDescription {
	r.guard.Lock()
	defer r.guard.Unlock()
	if r.guard.stopped {
		return nil
	}
	return r.Rows.FieldDescriptions()
}

// Err returns the error that has ended the rows, if any.
func (r guardedRows) Err() error {
	r.guard.Lock()
	defer r.guard.Unlock()
	if err := r.Rows.Err(); err != nil || !r.guard.stopped {
		return err
	}
	return ErrEnded
}

// Close closes the rows.
func (r guardedRows) Close() {
	r.guard.Lock()
	defer r.guard.Unlock()
	if !r.guard.stopped {
		r.Rows.Close()
	}
}

// pgxRows are rows that unlock statementMu when they are closed, or read to their end.
type pgxRows struct {
	guardedRows
	t        *lazyTx
	own      guard // of guardedRows
	ahead    bool  // the first row was read, but Next hasn't been called
	released sync.Once
}

// Next reads the next row.
func (r *pgxRows) Next() bool {
	r.own.Lock()
	more := !r.own.stopped && (r.ahead || r.Rows.Next())
	r.ahead = false
	r.own.Unlock()
	if !more {
		r.release()
	}
	return more
}

// Close closes the rows.
func (r *pgxRows) Close() {
	r.guardedRows.Close()
	r.release()
}

// stop closes the rows for the end of the unit.
func (r *pgxRows) stop() {
	r.own.Lock()
	r.Rows.Close()
	r.own.stopped = true
	r.own.Unlock()
	r.release()
}

// release notes the error that ended the rows, if any, and unlocks statementMu.
func (r *pgxRows) release() {
	r.released.Do(func() {
		r.t.noteRetryable(r.Err())
		r.t.statementMu.Unlock()
	})
}

// pgxBatch is a batch that unlocks statementMu when it is closed.
type pgxBatch struct {
	pgx.BatchResults
	t      *lazyTx
	ctx    context.Context //nolint:containedctx // of SendBatch
	guard  guard           // of its rows, too
	closed sync.Once
}

// Exec reads the result of the next statement.
func (b *pgxBatch) Exec() (pgconn.CommandTag, error) {
	b.guard.Lock()
	defer b.guard.Unlock()
	if b.guard.stopped {
		return pgconn.CommandTag{}, ErrEnded
	}
	return b.BatchResults.Exec()
}

// Query returns the rows of the next statement.
func (b *pgxBatch) Query() (pgx.Rows, error) {
	b.guard.Lock()
	defer b.guard.Unlock()
	if b.guard.stopped {
		return failedRows{ErrEnded}, ErrEnded
	}
	rows, err := b.BatchResults.Query()
	return guardedRows{rows, &b.guard}, err
}

// QueryRow returns the row of the next statement.
func (b *pgxBatch) QueryRow() pgx.Row {
	rows, _ := b.Query() // Scan returns the error
	return pgxRow{rows}
}

// Close reads the remaining results.
func (b *pgxBatch) Close() error { return b.close(false) }

// stop closes the results for the end of the unit.
func (b *pgxBatch) stop() { _ = b.close(true) }

func (b *pgxBatch) close(stop bool) error {
	b.guard.Lock()
	err := ErrEnded
	if !b.guard.stopped {
		err = b.BatchResults.Close()
		b.guard.stopped = stop
	}
	b.guard.Unlock()
	b.closed.Do(func() {
		if err != nil {
			err = b.t.statementFailed(b.ctx, err)
		}
		b.t.statementMu.Unlock()
	})
	return err
}
