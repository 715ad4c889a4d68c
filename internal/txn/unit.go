package txn

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"commitment/ent"
	"commitment/internal/pgtx"
)

// Unit is a unit of work. Commit, Rollback and Close are for its maker alone.
type Unit struct {
	db         *DB
	lazy       lazyTx
	attempt    int
	background bool        // CommitInBackground ends it; its maker's goroutine must not
	position   Position    // of a unit that CommitInBackground ends
	ctx        unitContext // its end cancels the statements that are still running
	detached   detached    // of ctx
	traceEnd   func(error) // ends the attempt's trace; nil for none

	mu          sync.Mutex
	tx          *ent.Tx // nil until entTx
	mark        Mark
	afterCommit []func(context.Context) error
	savepoints  int // how many were set

	openSavepoints int
}

// Err returns why the context that the unit was begun in has ended: the client
// disconnected, or the deadline passed. It is nil until then.
func (u *Unit) Err() error { return u.ctx.Context.Err() }

// CancelContext cancels the unit's context, and with it the statements that are still
// running in it, for a maker whose work should stop before the unit ends. The cause is
// that of [context.Cause]; nil is [context.Canceled].
func (u *Unit) CancelContext(cause error) { u.ctx.end(cause) }

// Decide reports whether the unit is to be committed: by its mark, or without one by
// success. If its context ended before the work was done it is rolled back, whatever
// the mark: no client is told.
func (u *Unit) Decide(success bool) bool {
	if u.Err() != nil {
		return false
	}
	switch u.Marked() {
	case MarkedRollback:
		return false
	case MarkedCommit:
		return true
	case Unmarked:
	}
	return success
}

// hooked returns the unit's [ent.Tx] if it has hooks, or nil.
func (u *Unit) hooked() *ent.Tx {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.tx == nil {
		return nil
	}
	if commit, rollback := u.tx.HookCounts(); commit+rollback == 0 {
		return nil
	}
	return u.tx
}

// finish ends the unit through its [ent.Tx], which runs the hooks, or through lazyTx if
// there are none. Hooks are foreign code: they may panic, and one that doesn't
// return within the end timeout is abandoned.
func (u *Unit) finish(end func(transaction) error) error {
	tx := u.hooked()
	if tx == nil {
		return end(&u.lazy)
	}
	done := make(chan error, 1)
	go func() {
		err := ErrHook // in case of a Goexit
		defer func() { done <- err }()
		err = catchPanic(func() error { return end(tx) })
	}()
	timer := time.NewTimer(u.db.options.EndTimeout)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("%w within %v", ErrHook, u.db.options.EndTimeout)
	}
}

// transaction is an [ent.Tx] or a lazyTx.
type transaction interface {
	Commit() error
	Rollback() error
}

// Commit ends the unit of work, which is durable when it returns nil. Every error but
// [ErrOutcomeUnknown] means that nothing was committed. It depends on no context: a
// client that disconnects from here on has no effect.
func (u *Unit) Commit() error {
	if !u.lazy.startEnding(true) {
		return ErrEnded
	}
	err := u.finish(transaction.Commit) // runs the hooks of ent.Tx.OnCommit around lazyTx.Commit
	if !u.lazy.hasEnded() {
		// A hook didn't call Commit, or a statement is still running.
		u.rollback()
		return orErrHook(err)
	}
	switch outcome, _ := u.lazy.result(); outcome {
	case pgtx.Committed:
		if err != nil {
			u.db.options.Log.ErrorContext(&u.ctx, "committed, but COMMIT or a hook returned an error", "error", err)
		}
		return nil
	case pgtx.RolledBack:
		return orErrHook(err)
	case pgtx.Unknown:
	}
	return ErrOutcomeUnknown.With(err)
}

// orErrHook returns err, or ErrHook if a hook has hidden the error.
func orErrHook(err error) error {
	if err == nil {
		return ErrHook
	}
	return err
}

// Close ends the unit's context, and rolls the unit back if it hasn't ended. The maker
// of the unit calls it last, in any case.
func (u *Unit) Close() {
	u.ctx.end(nil)
	u.Rollback()
	if u.traceEnd != nil {
		u.traceEnd(u.RetryError())
		u.traceEnd = nil
	}
}

// Rollback rolls the unit of work back, and cancels a statement that is still running.
// Once the unit has ended it does nothing. An error of ROLLBACK is logged: the
// connection is dropped, and the server rolls back.
func (u *Unit) Rollback() {
	if !u.background {
		u.rollback()
	}
}

func (u *Unit) rollback() {
	if !u.lazy.startEnding(false) {
		return
	}
	if u.lazy.inUse() {
		u.ctx.end(nil)
	}
	err := u.finish(transaction.Rollback) // runs the hooks of ent.Tx.OnRollback around lazyTx.Rollback
	if !u.lazy.hasEnded() {
		err = errors.Join(err, u.lazy.Rollback()) // a hook didn't call Rollback
	}
	if err != nil {
		u.db.options.Log.WarnContext(&u.ctx, "rollback or one of its hooks failed", "error", err)
	}
}

// HasOnlyRead reports whether the unit has only read, below SERIALIZABLE: its COMMIT
// can't change the outcome, so the response needn't wait for it.
func (u *Unit) HasOnlyRead() bool { return u.lazy.hasOnlyRead() }

// CommitInBackground commits without waiting: in a goroutine that [DB.Wait] waits for,
// including hooks and the after-commit functions, or at once if none of that is there and
// the COMMIT can be parked. It is for a unit that has only read.
func (u *Unit) CommitInBackground() {
	u.background, u.position = true, u.lazy.positionOfRead()
	if u.hooked() == nil && !u.hasAfterCommit() && u.lazy.canPark() {
		u.commitRead()
		return
	}
	u.db.background.Go(func() {
		reserveStack()
		u.commitRead()
	})
}

func (u *Unit) commitRead() {
	if err := u.Commit(); err != nil {
		u.db.options.Log.WarnContext(&u.ctx, "commit of a read-only transaction failed", "error", err)
		return
	}
	u.runAfterCommit(u.takeAfterCommit())
}

// reserveStack grows the stack of a new goroutine to the size that a COMMIT or one of Ent's
// builders needs. It would grow there in steps otherwise, each of which copies the whole
// stack; that takes longer than the COMMIT's own work.
//
//go:noinline
func reserveStack() {
	var reserve [8 << 10]byte
	runtime.KeepAlive(&reserve)
}
