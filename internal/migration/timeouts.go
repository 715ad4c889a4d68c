package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5/pgconn"
)

// The SQLSTATEs after which a retry may get the lock.
const (
	lockNotAvailable = "55P03"
	deadlockDetected = "40P01"
)

// The waits between two tries for a table's lock double from the first to the last.
// Whoever queued behind the last try is served meanwhile.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// timeouts sets the timeouts of a file's statements, and has their waits watched.
type timeouts struct {
	*runner
	setCommand string // SET, or SET LOCAL in a transaction
	current    *limits
	// ownLock and ownStatement say that the file has set that timeout itself.
	ownLock, ownStatement bool
}

// ensure sets the timeouts for the command, if others are set.
func (p *timeouts) ensure(ctx context.Context, db schema.ExecQuerier, c command) error {
	if c.class == control {
		if c.controlsTransaction {
			p.current = nil // its end may take them along
		}
		all := c.parameter == "all"
		p.ownLock = p.ownLock || all || c.parameter == "lock_timeout"
		p.ownStatement = p.ownStatement || all || c.parameter == "statement_timeout"
		return nil
	}
	want := p.options.limits(c.class)
	if p.current != nil && *p.current == want {
		return nil
	}
	p.current = &want
	var sets []string
	if !p.ownLock {
		sets = append(sets, fmt.Sprintf("%s lock_timeout = %d", p.setCommand, milliseconds(want.lock)))
	}
	if !p.ownStatement {
		sets = append(sets, fmt.Sprintf("%s statement_timeout = %d", p.setCommand, milliseconds(want.statement)))
	}
	if len(sets) == 0 {
		return nil
	}
	if _, err := db.ExecContext(ctx, strings.Join(sets, "; ")); err != nil {
		return fmt.Errorf("set timeouts: %w", err)
	}
	return nil
}

// milliseconds rounds up, because zero means no timeout.
func milliseconds(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

// exec runs the command while the watcher looks at what it waits for.
func (p *timeouts) exec(ctx context.Context, db schema.ExecQuerier, c command, args ...any) (sql.Result, error) {
	stop := p.watcher.watch(ctx, p.options.limits(c.class).lock)
	defer stop()
	result, err := db.ExecContext(ctx, c.sql, args...)
	return result, explainRowSecurity(err)
}

// retryLocked retries when a lock wasn't granted in time, until
// [ApplyOptions.TableLockWait] is over.
func (r *runner) retryLocked(ctx context.Context, do func() error) error {
	began := time.Now()
	for tries, wait := 1, firstRetry; ; tries, wait = tries+1, min(2*wait, lastRetry) {
		r.watcher.reset()
		err := do()
		if !isBlocked(err) {
			return err
		}
		if waited := time.Since(began); waited+wait > r.options.TableLockWait {
			return blocked(err, BlockedError{Tries: tries, Waited: waited, Blockers: r.watcher.lastBlockers()})
		}
		r.options.Log.WarnContext(ctx, "a lock wasn't granted in time, retrying", "tries", tries, "wait", wait, "error", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

func isBlocked(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pgErr.Code == lockNotAvailable || pgErr.Code == deadlockDetected)
}
