package txn

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"commitment/internal/pgtx"
)

// lazyTx is the [dialect.Tx] under a unit's [ent.Tx]. Its first statement takes a
// connection, and BEGIN travels with it. Statements may come from any goroutine, one at
// a time.
type lazyTx struct {
	db      *DB
	ctx     *detached // the unit's, for the end
	attempt int

	statementMu sync.Mutex // held while a statement runs, or its rows are open

	mu            sync.Mutex // guards the fields below; held while the transaction begins and ends
	phase         phase
	options       pgtx.TxOptions
	conn          *sql.Conn
	tx            *pgtx.Tx
	sqlRows       *sql.Rows // the last rows of a hand-written query; may be open
	held          held      // the last rows of Ent's or pgx's, which hold statementMu until they are closed
	waiting       []*write  // that are sent with COMMIT, or before the next statement
	evicting      bool      // evict is waiting: no new statement may start
	uncommittable error     // why it must not be committed, even if the server would
	retryCause    error     // the error that makes the work worth a retry
	outcome       pgtx.Outcome
	route         *route                    // to a replica; nil if none may serve the unit
	position      Position                  // see Unit.Position; set at the end
	traceEnd      func(pgtx.Outcome, error) // ends the transaction's trace; nil for none
}

// phase is the phase of a unit's transaction.
type phase uint8

const (
	notBegun phase = iota // nothing was sent
	begun                 // statements run in it
	failed                // a statement failed: only a rollback is possible, perhaps to a savepoint
	lost                  // ended by hand, or the connection is gone: a statement would run outside of it
	ending                // one of the above, and the unit is ending it
	ended
)

// begin initializes t. Nothing is sent.
func (t *lazyTx) begin(db *DB, ctx *detached, mode sql.TxOptions, attempt int) {
	t.db, t.ctx, t.attempt, t.options = db, ctx, attempt, pgtx.TxOptions{TxOptions: mode, AssignXID: !mode.ReadOnly}
}

// currentPhase returns the phase according to the server, which reports it with every
// response. The caller holds mu, no statement is running, and no rows are open: whoever
// closes them changes it.
func (t *lazyTx) currentPhase() phase {
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

// lockStatement locks statementMu for one statement, and sends the writes that wait for
// COMMIT: they come before it.
func (t *lazyTx) lockStatement(ctx context.Context) error {
	if hasSessionVars(ctx) {
		return ErrSessionVar
	}
	if turn := turnOf(ctx); turn != nil && turn.tx == t {
		if err := turn.exec(&write{}); err != nil {
			return err
		}
	}
	if !t.statementMu.TryLock() {
		return ErrBusy
	}
	if err := t.sendWaiting(ctx); err != nil {
		t.statementMu.Unlock()
		return err
	}
	return nil
}

// run runs a statement, with BEGIN ahead of the first one. An idle connection may have
// died unnoticed since its last use. If the first statement finds out, nothing is lost:
// run tries the other idle connections, and at last a new one. A replica that doesn't serve
// it is left for the primary.
func (t *lazyTx) run(ctx context.Context, statement func(*sql.Conn) error) error {
	for stale := idleUnknown; ; {
		conn, first, err := t.connect(ctx)
		if err == nil {
			err = statement(conn)
		}
		if err == nil {
			return nil
		}
		if first && !errors.Is(err, pgtx.ErrStale) && t.reroute(ctx, err) {
			continue
		}
		if !first || ctx.Err() != nil || !pgtx.IsConnectionError(err) || !t.reconnect(&stale) {
			return t.statementFailed(ctx, err)
		}
	}
}

// connect returns the connection, and whether the next statement on it is the first. It
// returns an error if a statement would not run in the transaction.
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
	switch t.currentPhase() {
	case notBegun:
		return t.conn, true, nil
	case lost:
		return nil, false, errors.Join(ErrLost, t.tx.Cause())
	case begun, failed, ending, ended:
	}
	return t.conn, false, nil
}

// acquire takes a connection; BEGIN will travel with its first statement. The caller
// holds mu.
func (t *lazyTx) acquire(ctx context.Context) (*sql.Conn, bool, error) {
	t.startTrace()
	pool := t.db.pool
	if t.route != nil {
		if replica := t.pickReplica(); replica != nil {
			pool = replica.Pool
		}
	}
	conn, err := t.db.connection(ctx, pool)
	if err != nil {
		t.endTrace(pgtx.RolledBack, err)
		return nil, true, err
	}
	tx, err := pgtx.NewTx(conn, t.options)
	if err != nil {
		t.endTrace(pgtx.RolledBack, err)
		return nil, true, errors.Join(err, conn.Close())
	}
	t.conn, t.tx = conn, tx
	return conn, true, nil
}

// idleUnknown is the number of idle connections before the first dead one was found.
const idleUnknown = -1

// reconnect drops a dead connection, and reports whether to try again: each idle
// connection may be dead too, but a new one isn't. Stale is how many may still be dead.
func (t *lazyTx) reconnect(stale *int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if *stale < 0 {
		*stale = t.db.pool.Stats().Idle + 1 // and this one
	}
	if t.phase == ended || t.conn == nil || *stale == 0 {
		return false
	}
	*stale--
	_ = t.conn.Close() // database/sql notices that it is dead
	t.conn, t.tx = nil, nil
	return true
}

// statementFailed records the error of a statement, and completes it. PostgreSQL
// doesn't know of a failure before BEGIN or of a statement that wasn't sent, so these
// are recorded here. The caller holds statementMu, unless err is ErrManaged: another
// statement may be running when one is refused.
func (t *lazyTx) statementFailed(ctx context.Context, err error) error {
	t.noteRetryable(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.phase == ended {
		return errors.Join(ErrEnded, withContextError(ctx, err))
	}
	if t.tx == nil || errors.Is(err, ErrManaged) || !t.busy() && t.tx.State() == pgtx.StateNotStarted {
		t.forbidCommit(ErrSwallowed)
	}
	return withContextError(ctx, err)
}

// forbidCommit prevents a commit. The caller holds mu.
func (t *lazyTx) forbidCommit(why error) {
	if t.uncommittable == nil {
		t.uncommittable = why
	}
}

// withContextError joins the error of a statement with that of its context, if it has
// ended: the server says only that the statement was canceled.
func withContextError(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return errors.Join(ctx.Err(), err)
}

// noteRetryable records an error that makes the work worth a retry. An error that has
// left the transaction open isn't the transaction's: the borrower of the connection may
// talk to another server, too. The caller holds statementMu.
func (t *lazyTx) noteRetryable(err error) {
	if err == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.retryable(err) {
		return
	}
	if t.tx == nil || t.tx.State() != pgtx.StateOpen {
		t.retryCause = err
	}
}

// savepointUndone forgets the error that a savepoint has rolled back. If the rollback
// failed, the transaction must not be committed: what should be gone is still in it.
func (t *lazyTx) savepointUndone(ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ok {
		t.retryCause = nil
		return
	}
	t.forbidCommit(ErrSwallowed)
}

// configure changes how the transaction will begin, if it hasn't begun.
func (t *lazyTx) configure(f func(*pgtx.TxOptions)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.phase == ended:
		return ErrEnded
	case t.tx != nil:
		return ErrBegun
	}
	f(&t.options)
	t.options.AssignXID = !t.options.ReadOnly
	return nil
}

// hasOnlyRead reports whether COMMIT can neither fail nor change anything.
func (t *lazyTx) hasOnlyRead() bool {
	if !t.statementMu.TryLock() {
		return false
	}
	defer t.statementMu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tx != nil && t.uncommittable == nil && t.options.ReadOnly && t.options.Isolation != sql.LevelSerializable &&
		!t.tx.Busy() && t.currentPhase() == begun && !t.tx.ModeUncertain() && (!t.options.WantPosition || !t.tx.Position().IsZero())
}

func (t *lazyTx) hasEnded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.phase == ended
}

// result returns how the transaction ended, and the error that makes the work worth a
// retry.
func (t *lazyTx) result() (pgtx.Outcome, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.outcome, t.retryCause
}
