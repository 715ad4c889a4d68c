package txn

import (
	"context"
	"math/rand/v2"
	"time"

	"commitment/internal/pgtx"
)

// firstBackoff is the mean wait before the second attempt; it doubles with each further
// one.
const firstBackoff = 10 * time.Millisecond

// Attempt returns the number of the current attempt at the work of ctx: 1, or more in a
// retry. It is 0 outside of a unit of work.
func Attempt(ctx context.Context) int {
	if u := fromContext(ctx); u != nil {
		return u.attempt
	}
	return 0
}

// RetryError returns the error that rolled the unit back through no fault of its own,
// once it has ended: the work may be retried from the start. It is nil otherwise, and
// always after an unknown outcome.
func (u *Unit) RetryError() error {
	if u.background {
		return nil
	}
	if outcome, retry := u.lazy.result(); outcome == pgtx.RolledBack {
		return retry
	}
	return nil
}

// PrepareRetry reports whether to retry the work of u: it was rolled back through no
// fault of its own, there are attempts left, and ctx lasts. If so, it first waits for a
// random, growing time.
func (db *DB) PrepareRetry(ctx context.Context, u *Unit) bool {
	cause := u.RetryError()
	if cause == nil {
		return false
	}
	backoff := firstBackoff << (u.attempt - 1)
	backoff = backoff/2 + rand.N(backoff)
	switch {
	case u.lazy.failedOnReplica():
		backoff = 0 // the primary is another server
	case u.attempt >= db.options.MaxAttempts:
		return false
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < backoff {
		return false
	}
	select {
	case <-time.After(backoff):
	case <-ctx.Done():
		return false
	}
	db.options.Log.InfoContext(ctx, "retrying transaction", "attempt", u.attempt+1, "backoff", backoff, "cause", cause)
	if db.options.OnRetry != nil {
		db.options.OnRetry()
	}
	return true
}
