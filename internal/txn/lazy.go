package txn

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"commitment/internal/postgres"
)

// lazyTx is the [dialect.Tx] under a unit's [ent.Tx]. It takes a connection and
// begins when its first statement comes. Statements may come from any goroutine,
// one at a time.
type lazyTx struct {
	db   *DB
	mode sql.TxOptions
	// ctx is the transaction's: it outlives the request, and is canceled only
	// when COMMIT or ROLLBACK takes too long.
	ctx    context.Context //nolint:containedctx // database/sql ties a transaction to a context
	cancel context.CancelFunc

	busy atomic.Bool // a statement is running, or its rows are open

	mu      sync.Mutex // guards what follows; held while the transaction begins and ends
	conn    *sql.Conn
	tx      *sql.Tx
	ending  bool // the unit itself ends: Commit and Rollback are allowed
	ended   bool
	outcome postgres.Outcome
}

func newLazyTx(ctx context.Context, db *DB, mode sql.TxOptions) *lazyTx {
	t := &lazyTx{db: db, mode: mode}
	t.ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return t
}

// Exec runs a statement; v is nil or a *sql.Result.
func (t *lazyTx) Exec(ctx context.Context, query string, args, v any) error {
	tx, err := t.acquire(ctx)
	if err != nil {
		return err
	}
	defer t.busy.Store(false)
	return named(entsql.Conn{ExecQuerier: tx}.Exec(ctx, query, args, v))
}

// Query runs a query; v is a *entsql.Rows. The unit is busy until they are closed.
func (t *lazyTx) Query(ctx context.Context, query string, args, v any) error {
	tx, err := t.acquire(ctx)
	if err != nil {
		return err
	}
	if err := (entsql.Conn{ExecQuerier: tx}).Query(ctx, query, args, v); err != nil {
		t.busy.Store(false)
		return named(err)
	}
	rows := v.(*entsql.Rows) // Conn.Query has checked it
	rows.ColumnScanner = &busyRows{ColumnScanner: rows.ColumnScanner, busy: &t.busy}
	return nil
}

// busyRows are rows whose Close lets the next statement in.
type busyRows struct {
	entsql.ColumnScanner
	busy *atomic.Bool
	once sync.Once
}

// Close closes the rows.
func (r *busyRows) Close() error {
	err := r.ColumnScanner.Close()
	r.once.Do(func() { r.busy.Store(false) })
	return err
}

// acquire claims the transaction for one statement, and begins it when it is
// the first. The caller gives it back through busy.
func (t *lazyTx) acquire(ctx context.Context) (*sql.Tx, error) {
	if hasSessionVars(ctx) {
		return nil, ErrSessionVar
	}
	if !t.busy.CompareAndSwap(false, true) {
		return nil, ErrBusy
	}
	tx, err := t.open(ctx)
	if err != nil {
		t.busy.Store(false)
	}
	return tx, err
}

func (t *lazyTx) open(ctx context.Context) (*sql.Tx, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return nil, ErrEnded
	}
	if t.tx != nil {
		return t.tx, nil
	}
	// An idle connection may have died unnoticed since its last use. Nothing is
	// lost when BEGIN finds out, so the next one is tried, and at last a new one.
	for stale := t.db.pool.Stats().Idle; ; stale-- {
		err := t.begin(ctx)
		if err == nil || stale <= 0 || ctx.Err() != nil || !postgres.IsConnectionError(err) {
			return t.tx, err
		}
	}
}

// begin takes a connection and begins on it. The caller holds mu.
func (t *lazyTx) begin(ctx context.Context) error {
	conn, err := t.db.connection(ctx)
	if err != nil {
		return err
	}
	// The transaction mustn't end with the statement's context, but its BEGIN may.
	stop := context.AfterFunc(ctx, t.cancel)
	tx, err := conn.BeginTx(t.ctx, &t.mode)
	if !stop() && err == nil {
		err = errors.Join(context.Cause(ctx), tx.Rollback())
	}
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	t.conn, t.tx = conn, tx
	return nil
}

// connection takes a connection from the pool, and waits for it no longer than
// the acquire timeout.
func (db *DB) connection(ctx context.Context) (*sql.Conn, error) {
	acquire, cancel := ctx, context.CancelFunc(func() {})
	if db.o.AcquireTimeout > 0 {
		acquire, cancel = context.WithTimeout(ctx, db.o.AcquireTimeout)
	}
	defer cancel()
	conn, err := db.pool.Conn(acquire)
	if err != nil && acquire.Err() != nil && ctx.Err() == nil {
		return nil, ErrPoolTimeout.With(fmt.Errorf("no connection within %v: %w", db.o.AcquireTimeout, err))
	}
	return conn, err
}

// Commit is for the unit alone: a handler that calls Commit on its ent.Tx gets
// ErrManaged.
func (t *lazyTx) Commit() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.mayEnd(); err != nil {
		return err
	}
	if !t.busy.CompareAndSwap(false, true) {
		return ErrBusy
	}
	defer t.busy.Store(false)
	return t.end((*sql.Tx).Commit, postgres.CommitOutcome)
}

// Rollback is for the unit alone, like Commit.
func (t *lazyTx) Rollback() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.mayEnd(); err != nil {
		return err
	}
	// Whatever ROLLBACK returns, the work is gone: a session that is cut rolls back.
	return t.end((*sql.Tx).Rollback, func(error) postgres.Outcome { return postgres.RolledBack })
}

// mayEnd says why the transaction can't be ended now. The caller holds mu.
func (t *lazyTx) mayEnd() error {
	switch {
	case t.ended:
		return ErrEnded
	case !t.ending:
		return ErrManaged
	}
	return nil
}

// allowEnd lets Commit and Rollback through, and reports whether there is
// anything to end.
func (t *lazyTx) allowEnd() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ending = true
	return !t.ended
}

// end runs COMMIT or ROLLBACK, if anything was begun, and gives the connection
// back. The caller holds mu.
func (t *lazyTx) end(how func(*sql.Tx) error, outcome func(error) postgres.Outcome) error {
	t.ended = true
	defer t.cancel()
	if t.tx == nil {
		t.outcome = outcome(nil)
		return nil
	}
	timer := time.AfterFunc(t.db.o.EndTimeout, t.cancel)
	defer timer.Stop()
	err := how(t.tx)
	t.outcome = outcome(err)
	if t.db.o.OnEnd != nil {
		t.db.o.OnEnd(t.outcome, t.mode.ReadOnly)
	}
	_ = t.conn.Close() // gives it back; what there is to say, err has said
	return err
}

func (t *lazyTx) hasEnded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// result is how the transaction ended.
func (t *lazyTx) result() postgres.Outcome {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.outcome
}

// hasSessionVars reports whether ctx carries variables of Ent's sql.WithVar. Ent
// keeps them under a key of its own; what it does with them on an ExecQuerier
// that is neither a pool nor a transaction, panicking, tells.
func hasSessionVars(ctx context.Context) (found bool) {
	defer func() { found = recover() != nil }()
	_ = entsql.Conn{ExecQuerier: probe{}}.Exec(ctx, "", []any(nil), nil)
	return false
}

// probe runs nothing.
type probe struct{}

func (probe) ExecContext(context.Context, string, ...any) (sql.Result, error) { return nil, nil }

func (probe) QueryContext(context.Context, string, ...any) (*sql.Rows, error) { return nil, nil }
