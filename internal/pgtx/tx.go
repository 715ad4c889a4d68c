package pgtx

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// TxOptions say how a transaction begins.
type TxOptions struct {
	sql.TxOptions
	// Settings are set for the transaction alone, as by SET LOCAL.
	Settings []Setting
	// WantXID has the server assign the transaction's id at once, so that its
	// outcome can be asked for later, by AskOutcome.
	WantXID bool
}

// Setting is a run-time parameter and its value. Neither is ever part of the text
// of a statement.
type Setting struct{ Name, Value string }

// State is where a transaction stands, by the server's own word.
type State uint8

// The states.
const (
	// NotBegun: nothing was sent.
	NotBegun State = iota
	// Begun: BEGIN was answered, and the transaction is still the one that it began.
	Begun
	// Failed: a statement has failed, so that nothing but a rollback is possible,
	// be it to a savepoint.
	Failed
	// Lost: BEGIN failed, the connection is gone, or somebody has ended the
	// transaction by hand. A statement would run outside of it.
	Lost
)

// ErrLost is the error of a transaction that isn't the one that was begun any more: it
// was ended by hand, or its access mode was changed. Nothing of it is committed by
// its Tx.
var ErrLost = errors.New("the transaction was ended, or its access mode changed, by hand")

// Tx is a transaction whose BEGIN, with all that belongs to it, travels with its
// first statement: it takes no round trip of its own. It is not safe for
// concurrent use, but for Cut.
type Tx struct {
	conn *conn
	pgx  *pgx.Conn
	wire *wire
	o    TxOptions
}

// NewTx returns a transaction on a connection, which must be of a [Connector] and is the transaction's alone until its end. Nothing is sent yet. Statements
// are run on conn itself, by any of its methods, or on the [pgx.Conn] behind it;
// those that would end or change the transaction are refused by [ErrManaged].
func NewTx(on *sql.Conn, o TxOptions) (*Tx, error) {
	t := &Tx{o: o}
	err := on.Raw(func(driverConn any) (err error) {
		c, ok := driverConn.(*conn)
		if !ok {
			return fmt.Errorf("connection is a %T, not of pgtx.Connector", driverConn)
		}
		t.conn, t.pgx, t.wire = c, c.Conn(), c.wire
		t.wire.writes = !o.ReadOnly
		t.wire.begin, err = beginOf(o, t.wire.prepares)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	t.wire.watch.enter()
	return t, nil
}

// Conn is the connection of the transaction, for what database/sql doesn't reach.
func (t *Tx) Conn() *pgx.Conn { return t.pgx }

// State says where the transaction stands. It asks nobody: the server says so with
// every answer. While rows are being read it is the state of before.
func (t *Tx) State() State {
	w := &t.wire.watch
	switch {
	case w.foreign:
		return Lost
	case t.wire.begin != nil:
		return NotBegun
	case !w.begun || t.pgx.IsClosed():
		return Lost
	case w.status == 'T':
		return Begun
	case w.status == 'E':
		return Failed
	}
	return Lost
}

// Cause is what made the transaction fail, as the server said: SQLSTATE, severity
// and routine, whoever has read the error. It is nil when nothing has.
func (t *Tx) Cause() error {
	if cause := t.wire.watch.cause; cause != nil {
		return cause
	}
	return nil
}

// Doubtful reports whether a statement may have changed the transaction's access
// mode, so that [Tx.Commit] has to ask before it commits.
func (t *Tx) Doubtful() bool { return t.wire.watch.doubtful }

// Busy reports whether the rows of a statement are still being read. It may be called
// while somebody waits for one of them.
func (t *Tx) Busy() bool { return t.conn.reading.Load() || t.pgx.PgConn().IsBusy() }

// Shut refuses whatever is sent from now on by somebody else than Commit and Rollback.
// It may be called while the connection is in use.
func (t *Tx) Shut() { t.wire.watch.gate.Store(gateShut) }

// Abandon gives the transaction up while somebody is in a statement: the connection is
// none of the pool's any more, which makes another one in its place. It may be called
// while the connection is in use, and Cut must follow. Commit and Rollback can't be
// called any more.
func (t *Tx) Abandon() {
	t.Shut()
	t.conn.cut.Store(true)
}

// Cut ends the session under whoever is in a statement, and so rolls back. The server
// cancels the statement first, if it is to be reached before ctx ends: left alone it
// would find out at the statement's end that nobody waits for it.
func (t *Tx) Cut(ctx context.Context) {
	conn := t.pgx.PgConn()
	_ = conn.CancelRequest(ctx)
	_ = conn.Conn().Close()
}

// XID is the transaction's id, once it has begun and if it was asked for.
func (t *Tx) XID() XID {
	if !t.o.WantXID || !t.wire.watch.begun {
		return XID{}
	}
	value, err := t.wire.hiddenValue()
	if err != nil {
		return XID{} // without it the outcome stays unknown
	}
	return XID{Value: value, Origin: t.conn.origin}
}
