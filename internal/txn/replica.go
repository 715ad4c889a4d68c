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
		u.lazy.route = &route{after: p}
	})
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

// route is how a unit finds a replica.
type route struct {
	after    Position
	replica  *replicas.Replica // that serves the unit; nil is the primary
	reason   string            // why the primary does; empty while replicas are tried
	giveUp   time.Time         // when not to wait for the replica any longer; zero before it was behind
	failures int               // replicas whose connections were lost
}

// maxFailures limits the replicas that are tried after others have failed.
const maxFailures = 3

// patiencePoll is the time between two looks at whether a replica has replayed a position.
const patiencePoll = time.Millisecond

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
	var after Position
	if r.replica, after, r.reason = t.db.options.Replicas.Pick(r.after); r.replica == nil {
		return nil
	}
	r.reason, t.options.After = "", &after
	return r.replica
}

// leaveReplica decides, after the first statement has failed on a replica, where it is
// run again, and reports whether it is. Nothing of the unit has happened yet.
func (t *lazyTx) leaveReplica(ctx context.Context, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.route
	if r == nil || r.replica == nil || ctx.Err() != nil || t.phase == ended {
		return false
	}
	switch {
	case t.tx != nil && t.tx.NotReplayed():
		t.replicaIsBehind(ctx)
	case pgtx.IsConnectionError(err) && r.failures < maxFailures:
		t.db.options.Replicas.Failed(ctx, r.replica, err)
		r.replica = nil // another one may serve
		r.failures++
	case isOfReplica(err), errors.Is(err, ErrPoolTimeout) && !r.replica.Up():
		r.replica, r.reason = nil, reasonFailed
	default:
		return false
	}
	if t.conn != nil {
		t.abandonReplica()
	}
	if r.replica == nil {
		t.options.After = nil
	}
	return true
}

// replicaIsBehind waits for the replica, or gives it up when there is no patience left.
func (t *lazyTx) replicaIsBehind(ctx context.Context) {
	r, now := t.route, time.Now()
	if r.giveUp.IsZero() {
		r.giveUp = now.Add(t.db.options.Patience)
	}
	if now.Add(patiencePoll).Before(r.giveUp) {
		select {
		case <-time.After(patiencePoll):
			return
		case <-ctx.Done():
		}
	}
	r.replica.Missed(*t.options.After)
	r.replica, r.reason = nil, replicas.Behind
}

// abandonReplica gives the connection back to the replica's pool. Nobody waits for the
// rollback.
func (t *lazyTx) abandonReplica() {
	conn, tx := t.conn, t.tx
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
		if p, _, err = pgtx.AskPrimary(ctx, t.db.pool); err != nil {
			p = pgtx.Unreached(set.Timeline())
		}
	}
	t.position = p
	if !onReplica {
		set.Observe(p)
	}
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
