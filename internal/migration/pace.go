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

// The SQLSTATEs after which a lock may be there at the next try.
const (
	lockNotAvailable = "55P03"
	deadlockDetected = "40P01"
)

// The waits between two tries for a lock on a table double from the first to the
// last: whoever queued up behind the one before has to be served meanwhile.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// pace sets the timeouts of a file's statements and watches over their waits.
type pace struct {
	*runner
	set     string // SET, or SET LOCAL in a transaction
	current *limits
	// ownLock and ownStatement say that the file has set that timeout itself.
	ownLock, ownStatement bool
}

// keep sets the timeouts for the command, where they are another's.
func (p *pace) keep(ctx context.Context, db schema.ExecQuerier, c command) error {
	if c.class == control {
		if c.transaction {
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
		sets = append(sets, fmt.Sprintf("%s lock_timeout = %d", p.set, milliseconds(want.lock)))
	}
	if !p.ownStatement {
		sets = append(sets, fmt.Sprintf("%s statement_timeout = %d", p.set, milliseconds(want.statement)))
	}
	if len(sets) == 0 {
		return nil
	}
	if _, err := db.ExecContext(ctx, strings.Join(sets, "; ")); err != nil {
		return fmt.Errorf("set timeouts: %w", err)
	}
	return nil
}

// milliseconds rounds up, because zero is no timeout at all.
func milliseconds(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

// exec runs the command while the watcher looks at what it waits for.
func (p *pace) exec(ctx context.Context, db schema.ExecQuerier, c command, args ...any) (sql.Result, error) {
	stop := p.watcher.watch(ctx, p.options.limits(c.class).lock)
	defer stop()
	return db.ExecContext(ctx, c.sql, args...)
}

// insist tries again when a lock wasn't to be had in time, until
// [ApplyOptions.TableLockWait] is over.
func (r *runner) insist(ctx context.Context, do func() error) error {
	began := time.Now()
	for tries, wait := 1, firstRetry; ; tries, wait = tries+1, min(2*wait, lastRetry) {
		r.watcher.forget()
		err := do()
		if !isBlocked(err) {
			return err
		}
		if waited := time.Since(began); waited+wait > r.options.TableLockWait {
			return blocked(err, BlockedError{Tries: tries, Waited: waited, Blockers: r.watcher.seen()})
		}
		r.options.Log.WarnContext(ctx, "a lock was not to be had in time, trying again", "tries", tries, "wait", wait, "error", err)
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
