package txn

import (
	"context"
	"errors"
	"time"

	"commitment/internal/pgtx"
)

// getOut is how long whoever is still in a statement at the end has to get out of it,
// once it was canceled, before its session is cut. The end timeout bounds it, too.
const getOut = time.Second

// allowEnd lets Commit and Rollback through, and reports whether there is
// anything to end. Whatever calls Commit by hand during a rollback, a hook or a
// goroutine that was left behind, finds that it must not.
func (t *lazyTx) allowEnd(commit bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.phase == ended {
		return false
	}
	t.phase = ending
	if !commit {
		t.doom(ErrManaged)
	}
	return true
}

// mayEnd says why the transaction can't be ended now. The caller holds mu.
func (t *lazyTx) mayEnd() error {
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
	if err := t.mayEnd(); err != nil {
		return err
	}
	if !t.turn.TryLock() {
		return ErrBusy
	}
	defer t.turn.Unlock()
	if t.busy() {
		return ErrBusy
	}
	if err := t.refusal(); err != nil {
		// COMMIT would roll back, and say so: it needn't be asked.
		return errors.Join(err, t.end((*pgtx.Tx).Rollback, rolledBack))
	}
	err := t.end((*pgtx.Tx).Commit, pgtx.CommitOutcome)
	if err != nil && pgtx.IsRetryable(err) {
		t.retry = err
	}
	return err
}

// Rollback is for the unit alone, like Commit. Whoever is still in a statement, or
// keeps its rows, is put out of it.
func (t *lazyTx) Rollback() error {
	t.mu.Lock()
	err := t.mayEnd()
	t.mu.Unlock()
	if err != nil {
		return err
	}
	out := t.evict()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !out {
		t.cut()
		return nil
	}
	defer t.turn.Unlock()
	if t.phase == ended {
		return ErrEnded
	}
	t.blame()
	return t.end((*pgtx.Tx).Rollback, rolledBack)
}

// refusal is why the transaction must not be committed. The caller holds mu.
func (t *lazyTx) refusal() error {
	t.blame()
	switch stands := t.stands(); {
	case t.why != nil:
		return t.why
	case stands == failed, stands == lost && t.tx.Cause() != nil:
		return ErrSwallowed
	case stands == lost:
		return ErrLost
	}
	return nil
}

// blame takes from the server why the transaction failed, where nobody has told: the
// error of a later row goes to whoever reads it, and not through here.
func (t *lazyTx) blame() {
	if t.retry != nil || t.tx == nil {
		return
	}
	if stands := t.stands(); stands != failed && stands != lost {
		return
	}
	if cause := t.tx.Cause(); cause != nil && pgtx.IsRetryable(cause) {
		t.retry = cause
	}
}

// inUse reports whether somebody is in a statement, or hasn't closed its rows.
func (t *lazyTx) inUse() bool {
	if !t.turn.TryLock() {
		return true
	}
	defer t.turn.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.busy()
}

// busy reports whether rows are open, of database/sql or of pgx. The caller holds mu,
// and nobody but their reader is in a statement.
func (t *lazyTx) busy() bool { return t.tx != nil && t.tx.Busy() }

// evict takes the turn, for the end. It closes rows that are open, and waits a little
// for a statement that is running, which nothing new follows: it returns false when
// that doesn't stop, and then everything is still in somebody's hands.
func (t *lazyTx) evict() bool {
	t.mu.Lock()
	rows, claimed, open := t.rows, t.claimed, t.rows != nil && t.busy()
	if !open && t.turn.TryLock() {
		t.mu.Unlock()
		return true
	}
	if t.tx != nil {
		t.tx.RefuseStatements()
	}
	t.evicting = true
	t.mu.Unlock()
	out, given := make(chan struct{}), make(chan struct{})
	defer close(given)
	go func() {
		if open {
			_ = rows.Close()
		}
		if claimed != nil {
			_ = claimed.Close()
		}
		t.turn.Lock()
		select {
		case out <- struct{}{}:
		case <-given: // up
			t.turn.Unlock()
		}
	}()
	timer := time.NewTimer(min(getOut, t.db.o.EndTimeout))
	defer timer.Stop()
	select {
	case <-out:
		return true
	case <-timer.C:
		return false
	}
}

// cut ends the transaction with its session, under whoever is in a statement. The
// caller holds mu.
func (t *lazyTx) cut() {
	if t.phase == ended {
		return
	}
	t.phase, t.outcome, t.retry = ended, pgtx.RolledBack, nil
	if t.tx == nil {
		return
	}
	tx, conn := t.tx, t.conn
	tx.Abandon()
	go func() { _ = conn.Close() }() // as soon as database/sql is out of the statement
	t.db.after.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), t.db.o.EndTimeout)
		defer cancel()
		tx.Terminate(ctx)
	})
	t.tell()
}

// rolledBack is the outcome of ROLLBACK, whatever it returned: when it fails the
// session is cut, and a session that is cut rolls back.
func rolledBack(error) pgtx.Outcome { return pgtx.RolledBack }

// end runs COMMIT or ROLLBACK, if anything was begun, and gives the connection
// back. The caller holds mu and turn. No client can cancel it: it runs on a context of
// its own.
func (t *lazyTx) end(how func(*pgtx.Tx, context.Context) error, outcome func(error) pgtx.Outcome) error {
	t.phase = ended
	if t.tx == nil {
		t.outcome = outcome(nil)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), t.db.o.EndTimeout)
	defer cancel()
	begun := t.tx.State() != pgtx.StateNotStarted
	err := how(t.tx, ctx)
	t.outcome = outcome(err)
	var xid pgtx.XID
	if t.outcome == pgtx.Unknown {
		xid = t.tx.XID()
	}
	_ = t.conn.Close() // what there is to say, the end has said
	if t.outcome == pgtx.Unknown {
		t.outcome = t.db.resolve(xid, err)
	}
	if begun {
		t.tell()
	}
	return err
}

// tell reports how the transaction ended. The caller holds mu.
func (t *lazyTx) tell() {
	if t.db.o.OnEnd != nil {
		t.db.o.OnEnd(t.outcome, t.o.ReadOnly)
	}
}
