package pgtx

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// TxOptions are how a transaction is started.
type TxOptions struct {
	sql.TxOptions
	// Settings are set for the transaction only, as by SET LOCAL.
	Settings []Setting
	// AssignXID makes the server assign the transaction's id at the start, so that
	// AskOutcome can ask for its outcome later.
	AssignXID bool
	// After is a position that the transaction is to begin after. If its server doesn't
	// show what was committed before it, the first statement fails, and [Tx.Behind] is true.
	// The primary is only checked for what a standby has shown, and if the transaction reads
	// one snapshot and wants its position.
	After Position
	// Standby makes the transaction begin on a standby alone. It needs WantPosition.
	Standby bool
	// WantPosition makes [Tx.Position] return a position. It takes no round trip.
	WantPosition bool
}

// Setting is a run-time parameter and its value. Neither ever becomes part of the text
// of a statement with arguments.
type Setting struct{ Name, Value string }

// State is the state of a transaction, as the server has reported it.
type State uint8

// The states.
const (
	// StateNotStarted: nothing was sent.
	StateNotStarted State = iota
	// StateOpen: the server has confirmed BEGIN, and the transaction is still open.
	StateOpen
	// StateFailed: a statement has failed, and only a rollback is possible, to a
	// savepoint or of everything.
	StateFailed
	// StateLost: BEGIN failed, the connection was lost, or the transaction was ended by
	// hand. A statement would run outside it.
	StateLost
)

// ErrLost is the error of a transaction that is no longer the one that was started: it
// was ended, or its access mode was changed, by hand. Its Tx commits nothing.
var ErrLost = errors.New("the transaction was ended, or its access mode was changed, by a statement")

// Tx is a transaction whose BEGIN is sent with its first statement, so that it takes no
// round trip of its own. It is not safe for concurrent use, except for the methods that
// say so.
type Tx struct {
	conn *conn
	pgx  *pgx.Conn
	wire *wire
	o    TxOptions
}

// NewTx returns a transaction on a connection of a [Connector], which must not be used
// for anything else until its end. It sends nothing. Run the statements on the
// [sql.Conn] itself, by any of its methods, or on the [pgx.Conn] below it; those that
// would end or change the transaction are refused with [ErrManaged].
func NewTx(on *sql.Conn, o TxOptions) (*Tx, error) {
	t := &Tx{o: o}
	err := on.Raw(func(driverConn any) (err error) {
		c, ok := driverConn.(*conn)
		if !ok {
			return fmt.Errorf("the connection is a %T, not one of a pgtx.Connector", driverConn)
		}
		t.conn, t.pgx, t.wire = c, c.Conn(), c.wire
		t.wire.readWrite, t.wire.failedAt = !o.ReadOnly, noneFailed
		t.wire.onPrimary = o.readsPositionFirst() && !o.Standby
		t.wire.begin, err = newBegin(o, t.wire.prepares)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	t.wire.tracker.startTx()
	return t, nil
}

// Conn returns the transaction's connection, for what database/sql doesn't offer.
func (t *Tx) Conn() *pgx.Conn { return t.pgx }

// State returns the state of the transaction. It asks nobody: the server reports it with
// every ReadyForQuery. While rows are being read it is the state before their query, which
// nobody but their reader may ask for: see [Tx.Busy].
func (t *Tx) State() State {
	tr := &t.wire.tracker
	switch {
	case tr.lost:
		return StateLost
	case t.wire.begin != nil:
		return StateNotStarted
	case !tr.started || t.pgx.IsClosed():
		return StateLost
	case tr.status == 'T':
		return StateOpen
	case tr.status == 'E':
		return StateFailed
	}
	return StateLost
}

// Cause returns the server's error that made the transaction fail, whoever has read it,
// or nil. It has SQLSTATE, severity and routine, and no texts.
func (t *Tx) Cause() error {
	if cause := t.wire.tracker.cause; cause != nil {
		return cause
	}
	return nil
}

// ModeUncertain reports whether a statement may have changed the transaction's access
// mode, so that [Tx.Commit] has to ask for it first.
func (t *Tx) ModeUncertain() bool { return t.wire.tracker.modeUncertain }

// Busy reports whether rows are still open. It may be called while they are being read.
func (t *Tx) Busy() bool { return t.conn.rowsOpen.Load() || t.pgx.PgConn().IsBusy() }

// RefuseStatements makes every statement fail from now on, except those of Commit and
// Rollback. It may be called while the connection is in use.
func (t *Tx) RefuseStatements() { t.wire.tracker.gate.Store(gateClosed) }

// Abandon gives up a transaction whose connection is in use: the pool drops the
// connection as soon as it is closed, and can make another one. It may be called at any
// time. Terminate must follow, Commit and Rollback must not.
func (t *Tx) Abandon() {
	t.RefuseStatements()
	t.conn.abandoned.Store(true)
}

// Terminate closes the network connection while it is in use, so that the server rolls
// back. Before that it cancels the statement, unless ctx ends first: the server notices
// a closed connection only at the end of the statement.
func (t *Tx) Terminate(ctx context.Context) {
	conn := t.pgx.PgConn()
	_ = conn.CancelRequest(ctx)
	_ = conn.Conn().Close()
}

// XID returns the transaction's id. It is zero before the first statement, and if it
// wasn't asked for.
func (t *Tx) XID() XID {
	if !t.o.AssignXID || !t.wire.tracker.started {
		return XID{}
	}
	value, err := t.wire.hiddenValue()
	if err != nil {
		return XID{} // the outcome will be unknown
	}
	return XID{Value: value, Origin: t.conn.origin}
}
