package txn

import (
	"context"
	"errors"
	"time"

	"commitment/internal/pgtx"
)

// evictTimeout is how long a goroutine that is still in a statement at the end has to
// leave it, after the statement was canceled, before the session is cut. The end
// timeout applies, too.
const evictTimeout = time.Second

// startEnding permits Commit and Rollback, and reports whether there is anything to
// end. During a rollback, a hook or a leftover goroutine that calls Commit gets
// ErrManaged.
func (t *lazyTx) startEnding(commit bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.phase == ended {
		return false
	}
	t.phase = ending
	if !commit {
		t.forbidCommit(ErrManaged)
	}
	return true
}

// checkEnding returns why the transaction can't be ended now. The caller holds mu.
func (t *lazyTx) checkEnding() error {
	switch t.phase {
	case ended:
		return ErrEnded
	case ending:
		return nil
	case notBegun, begun, failed, lost:
	}
	return ErrManaged
}

// Commit is for the unit alone: a handler that calls Commit on its ent.Tx gets
// ErrManaged.
func (t *lazyTx) Commit() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.checkEnding(); err != nil {
		return err
	}
	if !t.statementMu.TryLock() {
		return ErrBusy
	}
	defer t.statementMu.Unlock()
	if t.busy() {
		return ErrBusy
	}
	err := t.commitError()
	if err == nil && len(t.waiting) > 0 && (t.tx == nil || !t.tx.CanCommitWith()) {
		err = t.sendBeforeCommit()
	}
	if t.phase == ended {
		return ErrEnded // it was cut meanwhile
	}
	if err != nil {
		t.waiting = nil
		// COMMIT would roll back, too.
		return errors.Join(err, t.end(t.sendRollback, rolledBack))
	}
	err = t.end(t.sendCommit, pgtx.CommitOutcome)
	if err != nil && pgtx.IsRetryable(err) {
		t.retryCause = err
	}
	return err
}

// Rollback is for the unit alone, like Commit. It evicts a goroutine that is still in a
// statement, or whose rows are open.
func (t *lazyTx) Rollback() error {
	t.mu.Lock()
	err := t.checkEnding()
	t.mu.Unlock()
	if err != nil {
		return err
	}
	evicted := t.evict()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !evicted {
		t.cut()
		return nil
	}
	defer t.statementMu.Unlock()
	if t.phase == ended {
		return ErrEnded
	}
	t.waiting = nil
	t.findRetryCause()
	return t.end(t.sendRollback, rolledBack)
}

// commitError returns why the transaction must not be committed. The caller holds mu.
func (t *lazyTx) commitError() error {
	t.findRetryCause()
	switch phase := t.currentPhase(); {
	case t.uncommittable != nil:
		return t.uncommittable
	case phase == failed, phase == lost && t.tx.Cause() != nil:
		return ErrSwallowed
	case phase == lost:
		return ErrLost
	}
	return nil
}

// findRetryCause takes from the server's messages why the transaction failed, if no
// caller of ours has reported it: the error of a later row goes to the reader of the
// rows.
func (t *lazyTx) findRetryCause() {
	if t.retryCause != nil || t.tx == nil {
		return
	}
	if phase := t.currentPhase(); phase != failed && phase != lost {
		return
	}
	if cause := t.tx.Cause(); cause != nil && t.retryable(cause) {
		t.retryCause = cause
	}
}

// inUse reports whether a statement is running, or its rows are open.
func (t *lazyTx) inUse() bool {
	if !t.statementMu.TryLock() {
		return true
	}
	defer t.statementMu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.busy()
}

// busy reports whether rows are open, in database/sql or in pgx. The caller holds mu
// and statementMu.
func (t *lazyTx) busy() bool { return t.tx != nil && t.tx.Busy() }

// evict locks statementMu for the end. It closes open rows, lets no new statement
// start, and waits for a running one until evictTimeout. It returns false if the
// statement doesn't stop: then the caller doesn't hold statementMu.
func (t *lazyTx) evict() bool {
	t.mu.Lock()
	sqlRows, held := t.sqlRows, t.held
	if t.statementMu.TryLock() {
		if sqlRows == nil || !t.busy() {
			t.mu.Unlock()
			return true
		}
		t.statementMu.Unlock()
	}
	if t.tx != nil {
		t.tx.RefuseStatements()
	}
	t.evicting = true
	t.mu.Unlock()
	locked, timedOut := make(chan struct{}), make(chan struct{})
	defer close(timedOut)
	go func() {
		if sqlRows != nil {
			_ = sqlRows.Close()
		}
		if held != nil {
			held.stop()
		}
		t.statementMu.Lock()
		select {
		case locked <- struct{}{}:
		case <-timedOut:
			t.statementMu.Unlock()
		}
	}()
	timer := time.NewTimer(min(evictTimeout, t.db.options.EndTimeout))
	defer timer.Stop()
	select {
	case <-locked:
		return true
	case <-timer.C:
		return false
	}
}

// errCut is for the trace: the caller of the unit's end has another error.
var errCut = errors.New("txn: a statement was still running at the end, and its session was cut")

// cut ends the transaction by ending its session, while somebody is in a statement. The
// caller holds mu.
func (t *lazyTx) cut() {
	if t.phase == ended {
		return
	}
	t.phase, t.outcome, t.retryCause = ended, pgtx.RolledBack, nil
	t.endTrace(t.outcome, errCut)
	if t.tx == nil {
		return
	}
	tx, conn := t.tx, t.conn
	tx.Abandon()
	go func() { _ = conn.Close() }() // waits for the statement
	t.db.background.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), t.db.options.EndTimeout)
		defer cancel()
		tx.Terminate(ctx)
	})
	t.reportOutcome()
}

// rolledBack is the outcome of ROLLBACK, even if it returned an error: then the session
// is cut, which rolls back.
func rolledBack(error) pgtx.Outcome { return pgtx.RolledBack }

// park ends the transaction without a round trip, if it has only read and that is safe.
// Then a rollback is the same as a commit.
func (t *lazyTx) park() bool { return !t.db.options.CommitReadsAtOnce && t.tx.Park() }

// sendCommit commits, on a context of its own, so that no client cancels it.
func (t *lazyTx) sendCommit() error {
	if len(t.waiting) == 0 && t.park() {
		return nil
	}
	ctx := t.endContext()
	defer ctx.stop()
	if len(t.waiting) > 0 {
		return t.commitWithWaiting(ctx)
	}
	return t.tx.Commit(ctx)
}

// sendRollback rolls back, on a context of its own.
func (t *lazyTx) sendRollback() error {
	if t.park() {
		return nil
	}
	ctx := t.endContext()
	defer ctx.stop()
	return t.tx.Rollback(ctx)
}

// canPark reports whether a commit would take no round trip.
func (t *lazyTx) canPark() bool {
	if !t.statementMu.TryLock() {
		return false
	}
	defer t.statementMu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tx != nil && !t.db.options.CommitReadsAtOnce && t.tx.CanPark()
}

// end runs the command, COMMIT or ROLLBACK, if anything was begun, and returns the
// connection to the pool. The caller holds mu and statementMu.
func (t *lazyTx) end(command func() error, outcome func(error) pgtx.Outcome) (err error) {
	t.phase = ended
	defer func() { t.endTrace(t.outcome, err) }()
	if t.tx == nil {
		t.outcome = outcome(nil)
		return nil
	}
	begun := t.tx.State() != pgtx.StateNotStarted
	err = command()
	t.outcome = outcome(err)
	if t.outcome == pgtx.Unknown && t.options.ReadOnly {
		t.outcome, t.retryCause = pgtx.RolledBack, err // there was nothing to commit
	}
	position := t.tx.Position()
	var xid pgtx.XID
	if t.outcome == pgtx.Unknown {
		xid = t.tx.XID()
	}
	_ = t.conn.Close() // command has returned any error
	if t.outcome == pgtx.Unknown {
		t.outcome = t.db.resolveOutcome(t.ctx, xid, err)
	}
	if begun && t.options.WantPosition {
		t.keepPosition(position)
	}
	if begun {
		t.reportOutcome()
	}
	return err
}

// reportOutcome calls OnEnd. The caller holds mu.
func (t *lazyTx) reportOutcome() {
	if t.db.options.OnEnd != nil {
		t.db.options.OnEnd(t.outcome, t.options.ReadOnly)
	}
	t.reportRead()
}
