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

// Unit is one unit of work. Commit, Rollback and Close are for whoever made it.
type Unit struct {
	db      *DB
	lazy    lazyTx
	attempt int
	behind  bool               // CommitBehind has it; its maker's goroutine has nothing to do any more
	ctx     context.Context    //nolint:containedctx // the unit is what rides in it
	cancel  context.CancelFunc // ends the statements that are still running

	mu         sync.Mutex
	tx         *ent.Tx // see entTx; nil as long as nobody has asked for it
	mark       Mark
	after      []func(context.Context) error
	savepoints int // how many were made
}

// Err is why the unit's context has ended: the client went away, or the deadline
// passed. It is nil as long as it hasn't.
func (u *Unit) Err() error { return u.ctx.Err() }

// Decide reports whether the unit is to be committed, when without a mark it
// would be iff success. A client that went away, or a deadline that passed,
// before the work was done rolls back whatever is marked: nobody was told.
func (u *Unit) Decide(success bool) bool {
	if u.ctx.Err() != nil {
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

// finish ends the unit by its [ent.Tx], for the hooks, or where nobody has asked for
// one by what is under it. Hooks are strangers: they may panic, and one that doesn't
// return within the end timeout is left alone.
func (u *Unit) finish(by func(ender) error) error {
	u.mu.Lock()
	tx := u.tx
	u.mu.Unlock()
	if tx == nil {
		return by(&u.lazy)
	}
	if commit, rollback := tx.HookCounts(); commit+rollback == 0 {
		return by(tx)
	}
	done := make(chan error, 1)
	go func() {
		err := ErrHook // of a Goexit
		defer func() { done <- err }()
		err = isolated(func() error { return by(tx) })
	}()
	timer := time.NewTimer(u.db.o.EndTimeout)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("%w within %v", ErrHook, u.db.o.EndTimeout)
	}
}

// ender is what a unit ends by.
type ender interface {
	Commit() error
	Rollback() error
}

// Commit ends the unit of work, and is durable when it returns nil. Every error
// but [ErrOutcomeUnknown] means that nothing was committed. It depends on no
// context: from here on a client that goes away no longer matters.
func (u *Unit) Commit() error {
	if !u.lazy.allowEnd(true) {
		return ErrEnded
	}
	err := u.finish(ender.Commit) // runs the hooks of ent.Tx.OnCommit around lazyTx.Commit
	if !u.lazy.hasEnded() {
		// A hook didn't get to the COMMIT, or a statement is still running.
		u.rollback()
		return orHook(err)
	}
	switch outcome, _ := u.lazy.result(); outcome {
	case pgtx.Committed:
		if err != nil {
			u.db.o.Log.ErrorContext(u.ctx, "committed, though COMMIT or a hook reported an error", "error", err)
		}
		return nil
	case pgtx.RolledBack:
		return orHook(err)
	case pgtx.Unknown:
	}
	return ErrOutcomeUnknown.With(err)
}

// orHook is why nothing was committed: err, or that a hook kept it for itself.
func orHook(err error) error {
	if err == nil {
		return ErrHook
	}
	return err
}

// Close ends the unit's context, and the unit by Rollback if it hasn't ended.
// Whoever made the unit calls it last, whatever happened.
func (u *Unit) Close() {
	u.cancel()
	u.Rollback()
}

// Rollback ends the unit of work and leaves nothing of it. It cancels a statement
// that is still running. After an end it does nothing. An error of ROLLBACK is
// logged: the connection is dropped and the server rolls back.
func (u *Unit) Rollback() {
	if !u.behind {
		u.rollback()
	}
}

func (u *Unit) rollback() {
	if !u.lazy.allowEnd(false) {
		return
	}
	if u.lazy.inUse() {
		u.cancel()
	}
	err := u.finish(ender.Rollback) // runs the hooks of ent.Tx.OnRollback around lazyTx.Rollback
	if !u.lazy.hasEnded() {
		err = errors.Join(err, u.lazy.Rollback()) // a hook didn't get to the ROLLBACK
	}
	if err != nil {
		u.db.o.Log.WarnContext(u.ctx, "rollback failed, or a hook of it", "error", err)
	}
}

// AnswerFirst reports whether the answer needn't wait for the end of the unit: it
// has only read, below SERIALIZABLE, so its COMMIT decides nothing.
func (u *Unit) AnswerFirst() bool { return u.lazy.decidesNothing() }

// CommitBehind commits in a goroutine that [DB.Wait] waits for, after-commit
// functions included. It is for a unit whose answer is out, see AnswerFirst.
func (u *Unit) CommitBehind() {
	u.behind = true
	u.db.after.Go(func() {
		reserveStack()
		if err := u.Commit(); err != nil {
			u.db.o.Log.WarnContext(u.ctx, "the end of a unit that has only read failed", "error", err)
			return
		}
		u.runAfterCommit()
	})
}

// reserveStack makes the stack of a new goroutine as large as a COMMIT needs. Left to
// itself it would grow there in steps, each of which copies and corrects all that
// is on it: that takes more time than the COMMIT has work.
//
//go:noinline
func reserveStack() {
	var reserve [8 << 10]byte
	runtime.KeepAlive(&reserve)
}
