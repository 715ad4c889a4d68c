package txn

import (
	"context"
	"fmt"
	"runtime/debug"

	"commitment/internal/pgtx"
)

// AfterCommit registers f to run once after a successful COMMIT, on a context of its
// own with a deadline. Functions run in the order of registration. The response doesn't
// wait for them; their errors and panics are logged. It returns ErrNoUnit or ErrEnded
// if there is no COMMIT to come.
func AfterCommit(ctx context.Context, f func(ctx context.Context) error) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.afterCommit = append(u.afterCommit, f)
	return nil
}

// AfterCommit starts the after-commit functions, if the unit was committed, in a
// goroutine that [DB.Wait] waits for.
func (u *Unit) AfterCommit() {
	if u.background || !u.hasAfterCommit() {
		return
	}
	if outcome, _ := u.lazy.result(); outcome == pgtx.Committed {
		all := u.takeAfterCommit()
		u.db.background.Go(func() { u.runAfterCommit(all) })
	}
}

func (u *Unit) hasAfterCommit() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.afterCommit) > 0
}

// takeAfterCommit returns the after-commit functions, which nothing drops any more.
func (u *Unit) takeAfterCommit() []func(context.Context) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.afterCommit
	u.afterCommit = nil
	return all
}

func (u *Unit) runAfterCommit(all []func(context.Context) error) {
	for _, f := range all {
		if err := u.callWithTimeout(f); err != nil {
			u.db.options.Log.ErrorContext(&u.ctx, "after-commit function failed", "error", err)
			if u.db.options.OnAfterCommitError != nil {
				u.db.options.OnAfterCommitError()
			}
		}
	}
}

// callWithTimeout calls f with a deadline, and returns a panic as an error.
func (u *Unit) callWithTimeout(f func(context.Context) error) (err error) {
	ctx := context.WithoutCancel(&u.ctx)
	if u.db.options.Tracer != nil {
		traced, end := u.db.options.Tracer.AfterCommit(ctx)
		defer func() { end(err) }()
		ctx = traced
	}
	ctx, cancel := context.WithTimeout(ctx, u.db.options.AfterCommitTimeout)
	defer cancel()
	return catchPanic(func() error { return f(ctx) })
}

// catchPanic calls f, and returns a panic as an error.
func catchPanic(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// DBFromContext returns the DB on which the unit of work of ctx was begun, or nil. It is
// for an after-commit function that needs a unit of work of its own.
func DBFromContext(ctx context.Context) *DB {
	if u := fromContext(ctx); u != nil {
		return u.db
	}
	return nil
}
