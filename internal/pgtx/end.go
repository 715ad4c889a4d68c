package pgtx

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errNotSent is Commit's error when the connection was lost before, or couldn't be used.
var errNotSent = errors.New("COMMIT was not sent")

// Commit commits the transaction, if it was started. [CommitOutcome] tells what its error
// means. Ctx limits the wait for the response; the server goes on when it ends. A
// transaction that isn't the one that was started is rolled back, with [ErrLost].
//
// A session that needs a reset is reset in the same round trip.
func (t *Tx) Commit(ctx context.Context) error { return t.CommitWith(ctx, nil) }

// Write is a statement that is sent with COMMIT.
type Write struct {
	SQL  string
	Args []any
}

// CanCommitWith reports whether COMMIT may have statements in front of it: the
// transaction is open, and neither its mode nor its session needs a look at the end.
func (t *Tx) CanCommitWith() bool {
	tr := &t.wire.tracker
	return t.State() == StateOpen && !t.ModeUncertain() && !tr.needsReset && !tr.needsClose
}

// CommitWith is Commit with statements in front of COMMIT, in the same round trip: one
// that fails makes the server skip what follows it, COMMIT included. It needs
// CanCommitWith. Like COMMIT the statements aren't canceled, and the outcome is unknown
// when no response to COMMIT arrives.
func (t *Tx) CommitWith(ctx context.Context, writes []Write) error {
	t.wire.discardUnsent(t.pgx)
	if t.State() == StateNotStarted {
		t.leave()
		return nil
	}
	if t.pgx.IsClosed() {
		return errNotSent
	}
	if err := t.verify(ctx); err != nil {
		return errors.Join(err, t.Rollback(ctx))
	}
	defer t.leave()
	tr := &t.wire.tracker
	position := t.positionBehind()
	err := t.end(func(command string) error {
		return t.wire.commit(ctx, t.pgx, func(ctx context.Context) error {
			if len(writes) == 0 {
				_, err := t.pgx.Exec(ctx, command)
				return err
			}
			tr.inFront, tr.status = len(writes), 0
			defer func() { tr.inFront = 0 }()
			return t.sendWith(ctx, writes, "commit", position)
		})
	}, joinCommands("commit", position))
	switch tr.endTag {
	case "COMMIT":
		return nil // whatever became of the reset
	case "ROLLBACK":
		return errors.Join(pgx.ErrTxCommitRollback, err)
	}
	switch {
	case err == nil:
		err = fmt.Errorf("unexpected command tag %q of COMMIT", tr.endTag)
	case tr.status == 'I':
		return err
	case tr.status == 'E' && !t.pgx.IsClosed(): // a write has failed, so COMMIT was skipped
		return errors.Join(pgx.ErrTxCommitRollback, err, t.Rollback(ctx))
	}
	return errors.Join(err, t.pgx.Close(ctx))
}

// sendWith sends writes and the commands behind them in one flight, and returns the first
// error, as a [WriteError] if it is a write's.
func (t *Tx) sendWith(ctx context.Context, writes []Write, commands ...string) error {
	var batch pgx.Batch
	for _, w := range writes {
		batch.Queue(w.SQL, w.Args...)
	}
	for _, command := range commands {
		if command != "" {
			batch.Queue(command)
		}
	}
	results := t.pgx.SendBatch(ctx, &batch)
	for i := range writes {
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // has the same error
			if BatchNotSent(t.pgx, err) {
				err = errors.Join(errNotSent, err)
			}
			return &WriteError{i, err}
		}
	}
	return results.Close()
}

// BatchNotSent reports whether err, of a batch on a connection of a [Connector], means that
// its statements weren't sent: one couldn't be prepared, or its arguments not encoded. In
// the latter case pgx closes the connection, in a goroutine that would first send what it
// has; BatchNotSent returns when that has ended.
func BatchNotSent(conn *pgx.Conn, err error) bool {
	if _, ok := errors.AsType[pgx.ErrPreprocessingBatch](err); !ok {
		return false
	}
	if conn.IsClosed() {
		_ = conn.PgConn().Conn().Close()
		<-conn.PgConn().CleanupDone()
	}
	return true
}

// WriteError is the error of a statement in front of COMMIT.
type WriteError struct {
	// Index is the statement's. The first one has the error of all if nothing was sent.
	Index int
	err   error
}

// Error returns the text of the wrapped error.
func (e *WriteError) Error() string { return e.err.Error() }

// Unwrap returns the wrapped error.
func (e *WriteError) Unwrap() error { return e.err }

// Rollback rolls the transaction back, if it was started. When it fails it closes the
// connection, and the server rolls back.
func (t *Tx) Rollback(ctx context.Context) error {
	defer t.leave()
	t.wire.discardUnsent(t.pgx)
	if t.State() == StateNotStarted || t.pgx.IsClosed() {
		return nil
	}
	command := joinCommands("rollback", t.positionBehind())
	if t.wire.tracker.status == 'I' && !t.Busy() {
		command = "" // BEGIN failed, or a statement has ended the transaction
	}
	err := t.end(func(command string) error {
		_, err := t.pgx.Exec(ctx, command)
		return err
	}, command)
	if tr := &t.wire.tracker; err == nil || tr.endTag == "ROLLBACK" && tr.status == 'I' && !t.pgx.IsClosed() {
		return nil // whatever became of what was sent behind it
	}
	return errors.Join(err, t.pgx.Close(ctx))
}

// end sends the command that ends the transaction, followed by a reset if one is due.
func (t *Tx) end(send func(command string) error, command string) error {
	tr := &t.wire.tracker
	if command = tr.withReset(command); command == "" {
		return nil
	}
	tr.ending = true
	tr.gate.Store(gateOpen)
	err := send(command)
	tr.resetDone(err)
	return err
}

// positionBehind returns the query for the position that is sent behind COMMIT or
// ROLLBACK in the same message, if it is wanted then. Whatever becomes of it, the command
// tag of COMMIT counts.
func (t *Tx) positionBehind() string {
	if !t.o.readsPositionLast() || !t.wire.tracker.started {
		return ""
	}
	t.wire.tracker.wantEndRow = true
	return primaryPositionSQL
}

// joinCommands returns commands for one message of the simple protocol.
func joinCommands(command, behind string) string {
	if behind == "" {
		return command
	}
	return command + "; " + behind
}

// leave takes the transaction off its connection, on which all statements are refused
// until the pool gives it to its next user.
func (t *Tx) leave() {
	t.RefuseStatements()
	t.wire.begin, t.wire.tracker.ending = nil, false
}

// verify returns ErrLost if the transaction isn't the one that was started. It takes a
// round trip if a SET was sent, which may have changed the access mode.
func (t *Tx) verify(ctx context.Context) error {
	if t.State() == StateLost {
		return ErrLost
	}
	if !t.ModeUncertain() || t.State() != StateOpen {
		return nil
	}
	results, err := t.pgx.PgConn().Exec(ctx, "select current_setting('transaction_read_only'), current_setting('transaction_isolation')").ReadAll()
	if err != nil {
		return fmt.Errorf("verify the transaction's mode: %w", err)
	}
	row := results[0].Rows[0]
	if string(row[0]) == "on" != t.o.ReadOnly || t.o.Isolation != sql.LevelDefault && string(row[1]) != isolation(t.o.Isolation) {
		return ErrLost
	}
	return nil
}

// discardUnsent drops messages that were added to pgx's frontend and not flushed, which
// would be sent together with the next one.
func (w *wire) discardUnsent(conn *pgx.Conn) {
	if conn.IsClosed() {
		return // pgx may still be sending Terminate in a goroutine of its own
	}
	defer w.tracker.gate.Store(w.tracker.gate.Swap(gateClosed))
	_ = conn.PgConn().Frontend().Flush()
}

// errCommitting refuses a CancelRequest for a connection that commits.
var errCommitting = errors.New("a COMMIT isn't canceled")

// commit calls send, which sends COMMIT and waits for its response, until ctx ends, but
// never cancels it, as pgx would when a context ends or a connection is lost. If a wait
// for a synchronous replica is canceled, PostgreSQL reports success and shows the work to
// others, though the replica may never get it.
func (w *wire) commit(ctx context.Context, conn *pgx.Conn, send func(context.Context) error) error {
	deadline, _ := ctx.Deadline() // the zero time is none, for both
	if err := conn.PgConn().Conn().SetDeadline(deadline); err != nil {
		return connectionError(err)
	}
	w.committing.Store(true)
	err := send(context.WithoutCancel(ctx))
	if conn.IsClosed() {
		return err // pgx closes it in the background, and would send a CancelRequest
	}
	w.committing.Store(false)
	_ = conn.PgConn().Conn().SetDeadline(time.Time{}) // if it fails, so does the next statement
	return err
}

// dialer wraps the function that dials both a connection and the CancelRequests for it.
func dialer(dial pgconn.DialFunc, committing *atomic.Bool) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if committing.Load() {
			return nil, errCommitting
		}
		return dial(ctx, network, addr)
	}
}
