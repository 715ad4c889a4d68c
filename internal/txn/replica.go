package txn

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtx"
	"commitment/internal/replicas"
)

// Position is a point in the history of the database, such as that of a commit.
type Position = pgtx.Position

// Targets of reads that a replica may serve, and why one went to the primary: the reasons
// of package replicas, or one of these.
const (
	TargetReplica = "replica"
	TargetPrimary = "primary"

	reasonFailed = "failed" // the replica failed, or couldn't run the statement
	reasonRetry  = "retry"  // it is a retry
	reasonRaw    = "raw"    // it began with SQL.Pgx
)

// After says that the unit of work of ctx has to see all that was committed before a
// position, and needn't see what was committed after it: if it reads one snapshot, as in
// the mode [ReadOnly], a replica may serve it that has replayed the position. The zero
// Position is any state of the database that a replica may show. [Unit.Position] then
// tells what the unit has seen, or written. Without replicas After does nothing. After
// the first statement it returns ErrBegun.
func After(ctx context.Context, p Position) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	return u.After(p)
}

// After is the function After, for the unit's maker.
func (u *Unit) After(p Position) error {
	if u.db.options.Replicas == nil {
		return nil
	}
	return u.lazy.configure(func(o *pgtx.TxOptions) {
		o.WantPosition = true
		o.After = p
		u.lazy.route = &route{}
	})
}

// Position asks the primary for its position: it covers all that anybody has committed
// before, such as the work that has enqueued the job that is running. It takes a round
// trip.
func (db *DB) Position(ctx context.Context) (Position, error) {
	r, err := pgtx.AskPrimary(ctx, db.pool)
	return r.Position, err
}

// Position returns a position that covers all that the unit has seen and written, for a
// later unit to begin after. It is zero before the unit's end, if it has sent nothing, and
// if nobody has asked for it by [After].
func (u *Unit) Position() Position {
	if u.background {
		return u.position
	}
	return u.lazy.endPosition()
}

// route is how a unit finds the server that its snapshot is read on.
type route struct {
	replica    *replicas.Replica // nil is the primary
	reason     string            // why the primary; empty while replicas are tried
	failures   int               // replicas whose connections were lost
	giveUp     time.Time         // when not to wait for the replica any longer; zero before it was behind
	aheadUntil time.Time         // the same for the primary
}

const (
	// maxFailures limits the replicas that are tried after others have failed.
	maxFailures = 3
	// poll is the time between two looks at whether a server shows a position.
	poll = time.Millisecond
	// maxAhead is how long the primary may take to show what a replica has shown. Then the
	// transactions that are still open are taken for ones that the replica hadn't shown
	// either.
	maxAhead = 100 * time.Millisecond
)

// pickReplica returns the replica to begin on, or nil for the primary. The caller holds
// mu.
func (t *lazyTx) pickReplica() *replicas.Replica {
	if !t.options.ReadOnly || t.options.Isolation != sql.LevelRepeatableRead {
		t.route = nil // only a snapshot can be served by a replica
	}
	r := t.route
	switch {
	case r == nil || r.reason != "":
		return nil
	case t.attempt > 1:
		r.reason = reasonRetry
		return nil
	case r.replica != nil:
		return r.replica // that it waits for
	}
	o := &t.options
	var after Position
	switch r.replica, after, r.reason = t.db.options.Replicas.Pick(o.After); {
	case r.replica != nil:
		r.reason, o.After, o.Standby = "", after, true
	case r.reason == replicas.Timeline:
		o.After.XMax = 0 // the id means nothing on another timeline
	}
	return r.replica
}

// reroute decides, after the first statement has failed, whether another server is tried,
// or the same one again. Nothing of the unit has happened yet.
func (t *lazyTx) reroute(ctx context.Context, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.route
	if r == nil || ctx.Err() != nil || t.phase == ended {
		return false
	}
	behind := t.tx != nil && t.tx.Behind()
	switch {
	case behind && r.replica == nil:
		if !waitUntil(ctx, &r.aheadUntil, maxAhead) {
			t.options.After.XMax = 0
		}
	case r.replica == nil:
		return false
	case behind:
		if !waitUntil(ctx, &r.giveUp, t.db.options.Patience) {
			r.replica.Missed(t.options.After)
			r.replica, r.reason = nil, replicas.Behind
		}
	case pgtx.IsConnectionError(err) && r.failures < maxFailures:
		t.db.options.Replicas.Failed(ctx, r.replica, err)
		r.replica = nil // another one may serve
		r.failures++
	case isOfReplica(err), errors.Is(err, ErrPoolTimeout) && !r.replica.Up():
		r.replica, r.reason = nil, reasonFailed
	default:
		return false
	}
	t.options.Standby = r.replica != nil
	t.discard()
	return true
}

// waitUntil waits a moment, and returns false when the time is up, which is counted from
// the first call.
func waitUntil(ctx context.Context, deadline *time.Time, limit time.Duration) bool {
	now := time.Now()
	if deadline.IsZero() {
		*deadline = now.Add(limit)
	}
	if !now.Add(poll).Before(*deadline) {
		return false
	}
	select {
	case <-time.After(poll):
		return true
	case <-ctx.Done():
		return false
	}
}

// discard gives back a connection on which nothing has happened. Nobody waits for the
// rollback.
func (t *lazyTx) discard() {
	conn, tx := t.conn, t.tx
	if conn == nil {
		return
	}
	t.conn, t.tx = nil, nil
	t.db.background.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), t.db.options.EndTimeout)
		defer cancel()
		_ = tx.Rollback(ctx) // if it fails, the session is closed
		_ = conn.Close()
	})
}

// isOfReplica reports whether the primary may run a statement that has failed on a
// replica: a replica refuses some that a read-only transaction on the primary may run, it
// may not have got yet what a migration has created, and it cancels statements that are in
// the way of its recovery.
func isOfReplica(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pgErr.Code {
		case "25006", "55000": // not in recovery
			return true
		}
		if pgErr.Code[:min(2, len(pgErr.Code))] == "42" { // no such table, column or function, or no privilege yet
			return true
		}
	}
	return pgtx.IsRetryable(err)
}

// retryable reports whether the work may succeed when it is run again from the start.
func (t *lazyTx) retryable(err error) bool {
	if t.route != nil && t.route.replica != nil {
		return isOfReplica(err)
	}
	return pgtx.IsRetryable(err)
}

// keepPosition notes the position of a transaction that has ended, or that has only read.
// If the server hasn't told it, any server is asked. The caller holds mu.
func (t *lazyTx) keepPosition(p Position) {
	set, onReplica := t.db.options.Replicas, t.route != nil && t.route.replica != nil
	if onReplica {
		t.route.replica.Served(p)
	}
	if p.IsZero() {
		ctx, cancel := context.WithTimeout(context.Background(), t.db.options.EndTimeout)
		defer cancel()
		var err error
		if p, err = t.db.Position(ctx); err != nil {
			p = pgtx.Unreached(set.Timeline())
		}
	}
	if !onReplica {
		set.Observe(p)
	}
	if after := t.options.After; t.route == nil && after.Timeline == p.Timeline {
		p.XMax = after.XMax // the primary hasn't been checked for it
	}
	t.position = p
}

func (t *lazyTx) endPosition() Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.phase != ended {
		return Position{}
	}
	return t.position
}

// failedOnReplica reports whether the unit is to be retried because of the replica that
// served it, which is no fault of the work.
func (t *lazyTx) failedOnReplica() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.route != nil && t.route.replica != nil
}

// reportRead calls OnRead. The caller holds mu.
func (t *lazyTx) reportRead() {
	if t.route == nil || t.db.options.OnRead == nil {
		return
	}
	if t.route.replica != nil {
		t.db.options.OnRead(TargetReplica, "")
		return
	}
	t.db.options.OnRead(TargetPrimary, t.route.reason)
}

// keepToPrimary keeps a unit that hasn't begun from a replica.
func (t *lazyTx) keepToPrimary() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tx == nil && t.route != nil {
		t.route.reason = reasonRaw
	}
}

// positionOfRead returns the position of a unit that has only read.
func (t *lazyTx) positionOfRead() Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.options.WantPosition {
		t.keepPosition(t.tx.Position())
	}
	return t.position
}
