package pgtx

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errNotSent is Commit's error when the connection was lost before.
var errNotSent = errors.New("the connection was lost before COMMIT was sent")

// Commit commits the transaction, if it was started. [CommitOutcome] tells what its error
// means. Ctx limits the wait for the response; the server goes on when it ends. A
// transaction that isn't the one that was started is rolled back, with [ErrLost].
//
// A session that needs a reset is reset in the same round trip.
func (t *Tx) Commit(ctx context.Context) error {
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
	err := t.end(func(command string) error { return t.wire.commit(ctx, t.pgx, command) }, "commit"+t.positionBehind())
	switch t.wire.tracker.endTag {
	case "COMMIT":
		return nil // whatever became of the reset
	case "ROLLBACK":
		return errors.Join(pgx.ErrTxCommitRollback, err)
	}
	if err == nil {
		err = fmt.Errorf("unexpected command tag %q of COMMIT", t.wire.tracker.endTag)
	} else if t.wire.tracker.status == 'I' {
		return err
	}
	return errors.Join(err, t.pgx.Close(ctx))
}

// Rollback rolls the transaction back, if it was started. When it fails it closes the
// connection, and the server rolls back.
func (t *Tx) Rollback(ctx context.Context) error {
	defer t.leave()
	t.wire.discardUnsent(t.pgx)
	if t.State() == StateNotStarted || t.pgx.IsClosed() {
		return nil
	}
	command := "rollback" + t.positionBehind()
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
	return "; " + primaryPositionSQL
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

// commit sends COMMIT and waits for its response until ctx ends, but never cancels it,
// as pgx would when a context ends or a connection is lost. If a wait for a synchronous
// replica is canceled, PostgreSQL reports success and shows the work to others, though
// the replica may never get it.
func (w *wire) commit(ctx context.Context, conn *pgx.Conn, command string) error {
	deadline, _ := ctx.Deadline() // the zero time is none, for both
	if err := conn.PgConn().Conn().SetDeadline(deadline); err != nil {
		return connectionError(err)
	}
	w.committing.Store(true)
	_, err := conn.Exec(context.WithoutCancel(ctx), command)
	if conn.IsClosed() {
		return err // pgx closes it in the background, and would send a CancelRequest
	}
	w.committing.Store(false)
	_ = conn.PgConn().Conn().SetDeadline(time.Time{}) // if it fails, so does the next statement
	return err
}

// dialer wraps the function that dials both the connection of w and the CancelRequests
// for it.
func (w *wire) dialer(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if w.committing.Load() {
			return nil, errCommitting
		}
		return dial(ctx, network, addr)
	}
}
