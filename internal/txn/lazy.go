package txn

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"commitment/internal/pgtx"
)

// lazyTx is the [dialect.Tx] under a unit's [ent.Tx]. It takes a connection when
// its first statement comes, and BEGIN travels with that. Statements may come from
// any goroutine, one at a time.
type lazyTx struct {
	db *DB

	turn sync.Mutex // held by whoever is in a statement, or has its rows open

	mu       sync.Mutex // guards what follows; held while the transaction begins and ends
	phase    phase
	o        pgtx.TxOptions
	conn     *sql.Conn
	tx       *pgtx.Tx
	rows     *sql.Rows    // the last that were handed out by hand; they may be open
	claimed  *claimedRows // the last of Ent's, which have the turn until they are closed
	taken    bool         // an ent.Tx has it
	evicting bool         // the end puts out whoever is in a statement: nobody gets in, see evict
	why      error        // why it must not be committed, though the server would
	retry    error        // what ended the transaction for no fault of its own
	outcome  pgtx.Outcome
}

// phase is where a unit's transaction stands.
type phase uint8

const (
	notBegun phase = iota // nothing was sent
	begun                 // statements run in it
	failed                // a statement failed: a rollback goes on, be it to a savepoint
	lost                  // it was ended by hand, or its connection is gone: a statement would run outside of it
	ending                // as one of the above, and whoever made the unit may end it
	ended
)

// begin makes t ready; nothing is sent.
func (t *lazyTx) begin(db *DB, mode sql.TxOptions) {
	t.db, t.o = db, pgtx.TxOptions{TxOptions: mode, AssignXID: !mode.ReadOnly}
}

// take reports whether the ent.Tx that is being made is the unit's: the first one.
func (t *lazyTx) take() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := !t.taken
	t.taken = true
	return first
}

// stands is the phase by the server's word, which is asked for nothing: it comes
// with every answer. The caller holds mu, and nobody is in a statement.
func (t *lazyTx) stands() phase {
	if t.phase == ended {
		return ended
	}
	if t.tx == nil {
		return notBegun
	}
	switch t.tx.State() {
	case pgtx.StateNotStarted:
		return notBegun
	case pgtx.StateOpen:
		return begun
	case pgtx.StateFailed:
		return failed
	case pgtx.StateLost:
	}
	return lost
}

// claim takes the transaction for one statement. The caller gives it back by turn.
func (t *lazyTx) claim(ctx context.Context) error {
	if hasSessionVars(ctx) {
		return ErrSessionVar
	}
	if !t.turn.TryLock() {
		return ErrBusy
	}
	return nil
}

// run runs a statement, with BEGIN in front of the first. An idle connection may
// have died unnoticed since its last use: when the first statement finds out,
// nothing is lost, so the next connection is tried, and at last a new one.
func (t *lazyTx) run(ctx context.Context, statement func(*sql.Conn) error) error {
	for stale := unmeasured; ; stale-- {
		conn, first, err := t.connect(ctx)
		if err == nil {
			err = statement(conn)
		}
		if err == nil {
			return nil
		}
		if !first || ctx.Err() != nil || !pgtx.IsConnectionError(err) || !t.reconnect(&stale) {
			return t.failed(ctx, err)
		}
	}
}

// connect returns the connection, and whether the next statement on it is the first.
// It returns an error where a statement would not run in the transaction.
func (t *lazyTx) connect(ctx context.Context) (conn *sql.Conn, first bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.phase == ended || t.evicting:
		return nil, false, ErrEnded
	case t.tx == nil:
		return t.acquire(ctx)
	case t.busy():
		return nil, false, ErrBusy
	}
	switch t.stands() {
	case notBegun:
		return t.conn, true, nil
	case lost:
		return nil, false, errors.Join(ErrLost, t.tx.Cause())
	case begun, failed, ending, ended:
	}
	return t.conn, false, nil
}

// acquire takes a connection, and has BEGIN travel with its first statement. The
// caller holds mu.
func (t *lazyTx) acquire(ctx context.Context) (*sql.Conn, bool, error) {
	conn, err := t.db.connection(ctx)
	if err != nil {
		return nil, true, err
	}
	tx, err := pgtx.NewTx(conn, t.o)
	if err != nil {
		return nil, true, errors.Join(err, conn.Close())
	}
	t.conn, t.tx = conn, tx
	return conn, true, nil
}

// unmeasured is the number of stale connections before the first was found.
const unmeasured = -1

// reconnect gives up a connection that turned out to be dead, and reports whether
// another try is due: each of those that are idle may be dead too, a new one isn't.
// Stale is how many may still be.
func (t *lazyTx) reconnect(stale *int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if *stale < 0 {
		*stale = t.db.pool.Stats().Idle + 1 // and the one at hand
	}
	if t.phase == ended || t.conn == nil || *stale == 0 {
		return false
	}
	_ = t.conn.Close() // database/sql finds it dead, and drops it
	t.conn, t.tx = nil, nil
	return true
}

// failed takes note of the error of a statement, and adds to it what is to be known.
// A transaction that didn't even begin isn't PostgreSQL's to remember that it failed,
// nor is a statement that wasn't sent.
func (t *lazyTx) failed(ctx context.Context, err error) error {
	t.note(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.phase == ended {
		return errors.Join(ErrEnded, because(ctx, err))
	}
	if t.tx == nil || !t.busy() && t.tx.State() == pgtx.StateNotStarted || errors.Is(err, ErrManaged) {
		t.doom(ErrSwallowed)
	}
	return because(ctx, err)
}

// doom keeps the transaction from being committed. The caller holds mu.
func (t *lazyTx) doom(why error) {
	if t.why == nil {
		t.why = why
	}
}

// because adds to the error of a statement that its context has ended: the server
// says no more than that it was canceled.
func because(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return errors.Join(ctx.Err(), err)
}

// note remembers an error that makes it worth doing the work again. One that has left
// the transaction open isn't its own: whoever borrows the connection may talk to
// another server, too.
func (t *lazyTx) note(err error) {
	if err == nil || !pgtx.IsRetryable(err) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tx == nil || t.tx.State() != pgtx.StateOpen {
		t.retry = err
	}
}

// undone forgets an error that a savepoint has undone. Where it couldn't, the
// transaction still has what was to be undone, and must not be committed.
func (t *lazyTx) undone(ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ok {
		t.retry = nil
		return
	}
	t.doom(ErrSwallowed)
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
func (t *lazyTx) change(f func(*pgtx.TxOptions)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.phase == ended:
		return ErrEnded
	case t.tx != nil:
		return ErrBegun
	}
	f(&t.o)
	t.o.AssignXID = !t.o.ReadOnly
	return nil
}

// decidesNothing reports whether COMMIT can't fail, nor make a difference.
func (t *lazyTx) decidesNothing() bool {
	if !t.turn.TryLock() {
		return false
	}
	defer t.turn.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tx != nil && t.why == nil && t.o.ReadOnly && t.o.Isolation != sql.LevelSerializable &&
		!t.tx.Busy() && t.stands() == begun && !t.tx.ModeUncertain()
}

func (t *lazyTx) hasEnded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.phase == ended
}

// result is how the transaction ended, and what made that worth a retry.
func (t *lazyTx) result() (pgtx.Outcome, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.outcome, t.retry
}
