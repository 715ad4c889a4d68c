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

// errNotSent is Commit's error on a connection that was lost before.
var errNotSent = errors.New("the connection was lost before the commit")

// Commit commits, if anything has begun. [CommitOutcome] says what its error means.
// Ctx bounds the wait for the answer; the server goes on when it ends. A transaction
// that isn't the one that was begun is rolled back, and the error [ErrLost].
//
// A connection in which something was left is cleaned behind COMMIT, in the same round
// trip; one that can't be cleaned is for the pool to drop.
func (t *Tx) Commit(ctx context.Context) error {
	t.wire.forget(t.pgx)
	if t.State() == NotBegun {
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
	err := t.end(func(command string) error { return t.wire.commit(ctx, t.pgx, command) }, "commit")
	switch t.wire.watch.ended {
	case "COMMIT":
		return nil // whatever was behind it
	case "ROLLBACK":
		return errors.Join(pgx.ErrTxCommitRollback, err)
	}
	if err == nil {
		err = fmt.Errorf("COMMIT was answered by %q", t.wire.watch.ended)
	} else if t.wire.watch.status == 'I' {
		return err
	}
	return errors.Join(err, t.pgx.Close(ctx))
}

// Rollback rolls back, if anything has begun. When it fails the connection is
// closed, and the server rolls back.
func (t *Tx) Rollback(ctx context.Context) error {
	defer t.leave()
	t.wire.forget(t.pgx)
	if t.State() == NotBegun || t.pgx.IsClosed() {
		return nil
	}
	command := "rollback"
	if t.wire.watch.status == 'I' && !t.Busy() {
		command = "" // BEGIN failed, or somebody has ended it
	}
	err := t.end(func(command string) error {
		_, err := t.pgx.Exec(ctx, command)
		return err
	}, command)
	if err != nil {
		return errors.Join(err, t.pgx.Close(ctx))
	}
	return nil
}

// end sends the command that ends the transaction, with what has to follow it.
func (t *Tx) end(send func(command string) error, command string) error {
	w := &t.wire.watch
	if command = w.with(command); command == "" {
		return nil
	}
	w.ending = true
	w.gate.Store(gateOpen)
	err := send(command)
	w.settle(err)
	return err
}

// leave ends what the transaction has to do with its connection: what somebody still
// sends is refused until the pool gives the connection to the next one.
func (t *Tx) leave() {
	t.Shut()
	t.wire.begin, t.wire.watch.ending = nil, false
}

// verify asks whether the transaction is still what was begun, where that may have been
// changed. That takes a round trip, and whoever sends SET itself pays for it.
func (t *Tx) verify(ctx context.Context) error {
	if t.State() == Lost {
		return ErrLost
	}
	if !t.Doubtful() || t.State() != Begun {
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

// forget drops what somebody has given to pgx's frontend and not flushed, which would
// leave together with the next message.
func (w *wire) forget(conn *pgx.Conn) {
	if conn.IsClosed() {
		return // pgx says goodbye in a goroutine of its own
	}
	defer w.watch.gate.Store(w.watch.gate.Swap(gateShut))
	_ = conn.PgConn().Frontend().Flush()
}

// errCommitting is why no CancelRequest leaves for a connection that commits.
var errCommitting = errors.New("a COMMIT isn't canceled")

// commit sends COMMIT and waits for its answer no longer than ctx lasts, but never
// cancels it, as pgx does when a context ends or a connection is lost: of a wait for
// a synchronous replica that is canceled PostgreSQL says that it has committed, and
// shows the work to others, though the replica may never get it.
func (w *wire) commit(ctx context.Context, conn *pgx.Conn, command string) error {
	end, _ := ctx.Deadline() // the zero time is none, for both
	if err := conn.PgConn().Conn().SetDeadline(end); err != nil {
		return lost(err)
	}
	w.committing.Store(true)
	_, err := conn.Exec(context.WithoutCancel(ctx), command)
	if conn.IsClosed() {
		return err // pgx closes it behind our back, and would cancel
	}
	w.committing.Store(false)
	_ = conn.PgConn().Conn().SetDeadline(time.Time{}) // when it fails the next statement finds out
	return err
}

// dialer returns dial for a connection that has w: both it and the CancelRequests for
// it are dialed in this way.
func (w *wire) dialer(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if w.committing.Load() {
			return nil, errCommitting
		}
		return dial(ctx, network, addr)
	}
}
