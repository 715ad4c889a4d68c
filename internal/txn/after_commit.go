package txn

import (
	"context"
	"fmt"
	"runtime/debug"

	"commitment/internal/pgtx"
)

// AfterCommit registers f to run once, after a successful COMMIT, in the order
// of registration, on a context of its own with a deadline. The answer doesn't
// wait for it and doesn't know of its error or panic: those are logged. It
// returns ErrNone or ErrEnded when there is no COMMIT to wait for.
func AfterCommit(ctx context.Context, f func(ctx context.Context) error) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.after = append(u.after, f)
	return nil
}

// AfterCommit starts the functions that were registered for after the commit,
// if there was one, in a goroutine that [DB.Wait] waits for.
func (u *Unit) AfterCommit() {
	if len(u.after) == 0 || u.behind {
		return
	}
	if outcome, _ := u.lazy.result(); outcome == pgtx.Committed {
		u.db.after.Go(u.runAfterCommit)
	}
}

func (u *Unit) runAfterCommit() {
	for _, f := range u.after {
		if err := u.runIsolated(f); err != nil {
			u.db.o.Log.ErrorContext(u.ctx, "after-commit function failed", "error", err)
			if u.db.o.OnAfterCommitError != nil {
				u.db.o.OnAfterCommitError()
			}
		}
	}
}

// runIsolated runs f with a deadline of its own; its panic becomes an error.
func (u *Unit) runIsolated(f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), u.db.o.AfterCommitTimeout)
	defer cancel()
	return isolated(func() error { return f(ctx) })
}

// isolated runs f; its panic becomes an error.
func isolated(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}
