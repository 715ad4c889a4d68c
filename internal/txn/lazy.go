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

// lazyTx is the [dialect.Tx] under a unit's [ent.Tx]. It takes a connection when
// its first statement comes, and BEGIN travels with that. Statements may come from
// any goroutine, one at a time.
type lazyTx struct {
	db *DB

	busy atomic.Bool // a statement is running, or its rows are open

	mu      sync.Mutex // guards what follows; held while the transaction begins and ends
	o       postgres.TxOptions
	conn    *sql.Conn
	tx      *postgres.Tx
	taken   bool  // an ent.Tx has it
	retry   error // what ended the transaction for no fault of its own
	doomed  bool  // it has what should have been undone, or not what should have been done
	flows   bool  // the answer is on its way, so it stays a reader
	ending  bool  // the unit itself ends: Commit and Rollback are allowed
	lent    bool  // at the end somebody was still in a statement
	ended   bool
	outcome postgres.Outcome
}

// begin makes t ready; nothing is sent.
func (t *lazyTx) begin(db *DB, mode sql.TxOptions) {
	t.db, t.o = db, postgres.TxOptions{TxOptions: mode, WantXID: !mode.ReadOnly}
}

// take reports whether the ent.Tx that is being made is the unit's: the first one.
func (t *lazyTx) take() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := !t.taken
	t.taken = true
	return first
}

// Exec runs a statement; v is nil or a *sql.Result.
func (t *lazyTx) Exec(ctx context.Context, query string, args, v any) error {
	return t.with(ctx, func(conn *sql.Conn) error {
		return entsql.Conn{ExecQuerier: conn}.Exec(ctx, query, args, v)
	})
}

// with lends the connection to f, for one statement.
func (t *lazyTx) with(ctx context.Context, f func(*sql.Conn) error) error {
	if err := t.claim(ctx); err != nil {
		return err
	}
	defer t.busy.Store(false)
	return t.run(ctx, f)
}

// withOnce lends the connection to f, which knows itself what it does, and is
// called once at most.
func (t *lazyTx) withOnce(ctx context.Context, f func(*sql.Conn) error) error {
	if err := t.claim(ctx); err != nil {
		return err
	}
	defer t.busy.Store(false)
	conn, _, err := t.open(ctx)
	if err != nil {
		return t.failed(ctx, err)
	}
	if err := f(conn); err != nil {
		return t.failed(ctx, err)
	}
	return nil
}

// Query runs a query; v is a *entsql.Rows. The unit is busy until they are closed.
func (t *lazyTx) Query(ctx context.Context, query string, args, v any) error {
	if err := t.claim(ctx); err != nil {
		return err
	}
	err := t.run(ctx, func(conn *sql.Conn) error {
		return entsql.Conn{ExecQuerier: conn}.Query(ctx, query, args, v)
	})
	if err != nil {
		t.busy.Store(false)
		return err
	}
	rows := v.(*entsql.Rows) // Conn.Query has checked it
	rows.ColumnScanner = &claimedRows{ColumnScanner: rows.ColumnScanner, t: t}
	return nil
}

// claimedRows are rows whose Close lets the next statement in.
type claimedRows struct {
	entsql.ColumnScanner
	t    *lazyTx
	once sync.Once
}

// Err is the error that ended the rows, if any.
func (r *claimedRows) Err() error {
	err := r.ColumnScanner.Err()
	r.t.note(err)
	return err
}

// Close closes the rows.
func (r *claimedRows) Close() error {
	err := r.ColumnScanner.Close()
	r.once.Do(func() { r.t.busy.Store(false) })
	return err
}

// claim takes the transaction for one statement. The caller gives it back through
// busy.
func (t *lazyTx) claim(ctx context.Context) error {
	if hasSessionVars(ctx) {
		return ErrSessionVar
	}
	if !t.busy.CompareAndSwap(false, true) {
		return ErrBusy
	}
	return nil
}

// run runs a statement, with BEGIN in front of the first. An idle connection may
// have died unnoticed since its last use: when the first statement finds out,
// nothing is lost, so the next connection is tried, and at last a new one.
func (t *lazyTx) run(ctx context.Context, statement func(*sql.Conn) error) error {
	for stale := unmeasured; ; stale-- {
		conn, first, err := t.open(ctx)
		if err == nil {
			err = statement(conn)
		}
		if err == nil {
			return nil
		}
		if !first || ctx.Err() != nil || !postgres.IsConnectionError(err) || !t.reopen(&stale) {
			return t.failed(ctx, err)
		}
	}
}

// failed takes note of the error of a statement, and adds to it what is to be known.
// A transaction that didn't even begin isn't PostgreSQL's to remember that it failed.
func (t *lazyTx) failed(ctx context.Context, err error) error {
	t.note(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return errors.Join(ErrEnded, because(ctx, err))
	}
	t.doomed = t.doomed || t.tx == nil || !t.tx.Begun()
	return because(ctx, err)
}

// because adds to the error of a statement that its context has ended: the server
// says no more than that it was canceled.
func because(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return errors.Join(ctx.Err(), err)
}

// open returns the connection, and whether the next statement on it is the first.
func (t *lazyTx) open(ctx context.Context) (conn *sql.Conn, first bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return nil, false, ErrEnded
	}
	if t.tx != nil {
		if t.tx.Busy() { // rows of a raw query, which nobody tells us of
			return nil, false, ErrBusy
		}
		return t.conn, !t.tx.Begun(), nil
	}
	if conn, err = t.db.connection(ctx); err != nil {
		return nil, true, err
	}
	tx, err := postgres.NewTx(conn, t.o)
	if err != nil {
		return nil, true, errors.Join(err, conn.Close())
	}
	t.conn, t.tx = conn, tx
	return conn, true, nil
}

// unmeasured is the number of stale connections before the first was found.
const unmeasured = -1

// reopen gives up a connection that turned out to be dead, and reports whether
// another try is due: each of those that are idle may be dead too, a new one isn't.
// Stale is how many may still be.
func (t *lazyTx) reopen(stale *int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if *stale < 0 {
		*stale = t.db.pool.Stats().Idle + 1 // and the one at hand
	}
	if t.ended || t.conn == nil || *stale == 0 {
		return false
	}
	_ = t.conn.Close() // database/sql finds it dead, and drops it
	t.conn, t.tx = nil, nil
	return true
}

// note remembers an error that makes it worth doing the work again.
func (t *lazyTx) note(err error) {
	if err == nil || !postgres.IsRetryable(err) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retry = err
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

// change changes how the transaction begins, as long as it hasn't.
func (t *lazyTx) change(f func(*postgres.TxOptions)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ended:
		return ErrEnded
	case t.tx != nil, t.flows:
		return ErrBegun
	}
	f(&t.o)
	t.o.WantXID = !t.o.ReadOnly
	return nil
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
	if t.tx != nil && t.tx.Busy() {
		return ErrBusy
	}
	if t.doomed || t.tx != nil && t.tx.Failed() {
		// COMMIT would roll back, and say so: it needn't be asked.
		return errors.Join(ErrSwallowed, t.end((*postgres.Tx).Rollback, rolledBack))
	}
	err := t.end((*postgres.Tx).Commit, postgres.CommitOutcome)
	if err != nil && postgres.IsRetryable(err) {
		t.retry = err
	}
	return err
}

// Rollback is for the unit alone, like Commit. It gives whoever is still in a
// statement the end timeout to get out of it.
func (t *lazyTx) Rollback() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.mayEnd(); err != nil {
		return err
	}
	t.lent = t.lent || t.busy.Load()
	if t.lent && t.tx != nil {
		cut := time.AfterFunc(t.db.o.EndTimeout, t.cut)
		defer cut.Stop()
	}
	return t.end((*postgres.Tx).Rollback, rolledBack)
}

// cut ends the session under whoever is in a statement. It is called while mu is
// held by whoever waits for that.
func (t *lazyTx) cut() {
	ctx, cancel := context.WithTimeout(context.Background(), t.db.o.EndTimeout)
	defer cancel()
	t.tx.Cut(ctx)
}

// inUse reports whether somebody is in a statement, or hasn't closed its rows, and
// remembers it for the end: after that there is no asking the connection.
func (t *lazyTx) inUse() bool {
	if t.busy.Load() {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lent = t.tx != nil && !t.ended && t.tx.Busy()
	return t.lent
}

// rolledBack is the outcome of ROLLBACK, whatever it returned: when it fails the
// session is cut, and a session that is cut rolls back.
func rolledBack(error) postgres.Outcome { return postgres.RolledBack }

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
// back. The caller holds mu. No client can cancel it: it runs on a context of its
// own.
func (t *lazyTx) end(how func(*postgres.Tx, context.Context) error, outcome func(error) postgres.Outcome) error {
	t.ended = true
	if t.tx == nil {
		t.outcome = outcome(nil)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), t.db.o.EndTimeout)
	defer cancel()
	begun := t.tx.Begun()
	err := how(t.tx, ctx)
	t.outcome = outcome(err)
	var xid postgres.XID
	if t.outcome == postgres.Unknown {
		xid = t.tx.XID()
	}
	t.release()
	if t.outcome == postgres.Unknown {
		t.outcome = t.db.resolve(xid, err)
	}
	if begun && t.db.o.OnEnd != nil {
		t.db.o.OnEnd(t.outcome, t.o.ReadOnly)
	}
	return err
}

// release gives the connection back. That takes until the last rows are closed, so
// nobody waits for it where they may be open.
func (t *lazyTx) release() {
	conn := t.conn
	closeConn := func() { _ = conn.Close() } // what there is to say, the end has said
	if t.lent {
		go closeConn()
		return
	}
	closeConn()
}

// readsOnly reports whether COMMIT can't fail, nor make a difference.
func (t *lazyTx) readsOnly() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tx != nil && t.isReader()
}

// letFlow reports whether nothing that has been done, or will be, needs a COMMIT that
// succeeds, and keeps it so.
func (t *lazyTx) letFlow() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flows = t.flows || t.isReader()
	return t.flows
}

func (t *lazyTx) isReader() bool {
	return t.o.ReadOnly && t.o.Isolation != sql.LevelSerializable && !t.doomed && !t.busy.Load() &&
		(t.tx == nil || !t.tx.Failed() && !t.tx.Busy())
}

func (t *lazyTx) hasEnded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// result is how the transaction ended, and what made that worth a retry.
func (t *lazyTx) result() (postgres.Outcome, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.outcome, t.retry
}
