package txn

import (
	"context"
	"math/rand/v2"
	"time"

	"commitment/internal/pgtx"
)

// Backoff before the second attempt; it doubles with each further one.
const firstBackoff = 10 * time.Millisecond

// Attempt is the number of times that the work in ctx has been begun, itself
// included: 1, or more where it is run again. It is 0 outside of a unit of work.
func Attempt(ctx context.Context) int {
	if u := fromContext(ctx); u != nil {
		return u.attempt
	}
	return 0
}

// RetryError says what ended the unit for no fault of its own, once it has ended
// without a trace: the work may be done again from the start. It is nil otherwise,
// and always after an outcome that isn't known.
func (u *Unit) RetryError() error {
	if u.behind {
		return nil
	}
	if outcome, retry := u.lazy.result(); outcome == pgtx.RolledBack {
		return retry
	}
	return nil
}

// Retry waits, for a time that grows and is random, before the work of u is done
// again, and reports whether it may be: it is worth it, there are attempts left,
// and ctx lasts.
func (db *DB) Retry(ctx context.Context, u *Unit) bool {
	cause := u.RetryError()
	if cause == nil || u.attempt >= db.o.MaxAttempts {
		return false
	}
	backoff := firstBackoff << (u.attempt - 1)
	backoff = backoff/2 + rand.N(backoff)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < backoff {
		return false
	}
	select {
	case <-time.After(backoff):
	case <-ctx.Done():
		return false
	}
	db.o.Log.InfoContext(ctx, "work is run again", "attempt", u.attempt+1, "backoff", backoff, "cause", cause)
	if db.o.OnRetry != nil {
		db.o.OnRetry()
	}
	return true
}
