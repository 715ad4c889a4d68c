package txn

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// guard lets the end of the unit close what another goroutine reads: at once if none is
// reading, and else when it has. It is never locked while foreign code runs.
type guard struct {
	mu      sync.Mutex
	readers int
	stopped bool   // nobody may begin to read
	close   func() // for the last reader to call
}

// enter reports whether the caller may read. It then leaves.
func (g *guard) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.stopped {
		g.readers++
	}
	return !g.stopped
}

func (g *guard) leave() {
	g.mu.Lock()
	g.readers--
	var last func()
	if g.readers == 0 {
		last, g.close = g.close, nil
	}
	g.mu.Unlock()
	if last != nil {
		last()
	}
}

// stop lets nobody begin to read, and has what is guarded closed. Only the first call has
// an effect.
func (g *guard) stop(closeIt func()) {
	g.mu.Lock()
	again := g.stopped
	g.stopped = true
	if g.readers > 0 && !again {
		g.close = closeIt
	}
	now := g.readers == 0 && !again
	g.mu.Unlock()
	if now {
		closeIt()
	}
}

// guardedRows are rows that the end of the unit may close.
type guardedRows struct {
	pgx.Rows
	guard *guard
}

// Next reads the next row.
func (r guardedRows) Next() bool {
	if !r.guard.enter() {
		return false
	}
	defer r.guard.leave()
	return r.Rows.Next()
}

// Scan reads the values of the row.
func (r guardedRows) Scan(dest ...any) error {
	if !r.guard.enter() {
		return ErrEnded
	}
	defer r.guard.leave()
	return r.Rows.Scan(dest...)
}

// Values returns the values of the row.
func (r guardedRows) Values() ([]any, error) {
	if !r.guard.enter() {
		return nil, ErrEnded
	}
	defer r.guard.leave()
	return r.Rows.Values()
}

// RawValues returns the values of the row as the server has sent them.
func (r guardedRows) RawValues() [][]byte {
	if !r.guard.enter() {
		return nil
	}
	defer r.guard.leave()
	return r.Rows.RawValues()
}

// FieldDescriptions describes the columns.
func (r guardedRows) FieldDescriptions() []pgconn.FieldDescription {
	if !r.guard.enter() {
		return nil
	}
	defer r.guard.leave()
	return r.Rows.FieldDescriptions()
}

// CommandTag returns the command tag, once the rows are closed.
func (r guardedRows) CommandTag() pgconn.CommandTag {
	if !r.guard.enter() {
		return pgconn.CommandTag{}
	}
	defer r.guard.leave()
	return r.Rows.CommandTag()
}

// Err returns the error that has ended the rows, if any.
func (r guardedRows) Err() error {
	if !r.guard.enter() {
		return ErrEnded
	}
	defer r.guard.leave()
	return r.Rows.Err()
}

// Close closes the rows.
func (r guardedRows) Close() {
	if r.guard.enter() {
		defer r.guard.leave()
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
	if !r.own.enter() {
		return false
	}
	defer r.own.leave()
	more := r.ahead || r.Rows.Next()
	r.ahead = false
	if !more {
		r.release()
	}
	return more
}

// Close closes the rows.
func (r *pgxRows) Close() {
	if r.own.enter() {
		defer r.own.leave()
		r.ahead = false
		r.Rows.Close()
		r.release()
	}
}

// stop closes the rows for the end of the unit.
func (r *pgxRows) stop() {
	r.own.stop(func() {
		r.Rows.Close()
		r.release()
	})
}

// release notes the error that ended the rows, if any, and unlocks statementMu.
func (r *pgxRows) release() {
	r.released.Do(func() {
		r.t.noteRetryable(r.Rows.Err())
		r.t.statementMu.Unlock()
	})
}

// pgxBatch is a batch that unlocks statementMu when it is closed.
type pgxBatch struct {
	pgx.BatchResults
	batch  *pgx.Batch
	t      *lazyTx
	ctx    context.Context //nolint:containedctx // of SendBatch
	guard  guard           // of its rows, too
	closed sync.Once
}

// Exec reads the result of the next statement.
func (b *pgxBatch) Exec() (pgconn.CommandTag, error) {
	if !b.guard.enter() {
		return pgconn.CommandTag{}, ErrEnded
	}
	defer b.guard.leave()
	return b.BatchResults.Exec()
}

// Query returns the rows of the next statement.
func (b *pgxBatch) Query() (pgx.Rows, error) {
	if !b.guard.enter() {
		return failedRows{ErrEnded}, ErrEnded
	}
	defer b.guard.leave()
	rows, err := b.BatchResults.Query()
	return guardedRows{rows, &b.guard}, err
}

// QueryRow returns the row of the next statement.
func (b *pgxBatch) QueryRow() pgx.Row {
	rows, _ := b.Query() // Scan returns the error
	return pgxRow{rows}
}

// Close reads the remaining results, and calls the functions of the batch with them.
func (b *pgxBatch) Close() error {
	if !b.guard.enter() {
		return ErrEnded
	}
	defer b.guard.leave()
	return b.release(b.BatchResults.Close())
}

// stop closes the results for the end of the unit. The functions of the batch aren't
// called: they are the handler's.
func (b *pgxBatch) stop() {
	b.guard.stop(func() {
		for _, q := range b.batch.QueuedQueries {
			q.Fn = nil
		}
		_ = b.release(b.BatchResults.Close())
	})
}

// release notes the error of the results, if any, and unlocks statementMu.
func (b *pgxBatch) release(err error) error {
	b.closed.Do(func() {
		if err != nil {
			err = b.t.statementFailed(b.ctx, err)
		}
		b.t.statementMu.Unlock()
	})
	return err
}
