package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
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

// Tx is a transaction whose BEGIN, with all that belongs to it, travels with its
// first statement: it takes no round trip of its own. It is not safe for
// concurrent use.
type Tx struct {
	conn *sql.Conn
	pgx  *pgx.Conn
	wire *wire
	o    TxOptions
}

// wireKey is where a connection keeps its wire.
const wireKey = "commitment.wire"

// NewTx returns a transaction on conn, which must be of a pool that [Open] made
// and is the transaction's alone until its end. Nothing is sent yet. Statements
// are run on conn itself, by any of its methods, or on the [pgx.Conn] behind it.
func NewTx(conn *sql.Conn, o TxOptions) (*Tx, error) {
	t := &Tx{conn: conn, o: o}
	err := conn.Raw(func(driverConn any) (err error) {
		std, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("connection is a %T, not of pgx", driverConn)
		}
		t.pgx = std.Conn()
		if t.wire, ok = t.pgx.PgConn().CustomData()[wireKey].(*wire); !ok {
			return errors.New("connection was not opened by postgres.Open")
		}
		t.wire.writes = !o.ReadOnly
		t.wire.begin, err = beginOf(o, t.wire.prepares)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	return t, nil
}

// Begun reports whether BEGIN was sent.
func (t *Tx) Begun() bool { return t.wire.begin == nil }

// Failed reports whether a statement has failed, so that nothing but a rollback
// is possible. It asks nobody: the server says so with every answer.
func (t *Tx) Failed() bool { return t.Begun() && t.pgx.PgConn().TxStatus() != 'T' }

// Busy reports whether the rows of a statement are still being read.
func (t *Tx) Busy() bool { return t.pgx.PgConn().IsBusy() }

// Cut ends the session under whoever is in a statement: the server cancels that,
// if it is still to be reached before ctx ends, and rolls back. It may be called
// while the connection is in use.
func (t *Tx) Cut(ctx context.Context) {
	conn := t.pgx.PgConn()
	_ = conn.CancelRequest(ctx) // without it the server finds out later
	_ = conn.Conn().Close()
}

// XID is the transaction's id, once it has begun and if it was asked for.
func (t *Tx) XID() XID {
	if !t.o.WantXID || !t.Begun() {
		return XID{}
	}
	value, err := t.wire.hiddenValue()
	if err != nil {
		return XID{} // without it the outcome stays unknown
	}
	origin, _ := t.pgx.PgConn().CustomData()[originKey].(Origin)
	return XID{Value: value, Origin: origin}
}

// errNotSent is Commit's error on a connection that was lost before.
var errNotSent = errors.New("the connection was lost before the commit")

// Commit commits, if anything has begun. [CommitOutcome] says what its error means.
// Ctx bounds the wait for the answer; the server goes on when it ends.
func (t *Tx) Commit(ctx context.Context) error {
	if !t.Begun() {
		t.wire.begin = nil
		return nil
	}
	return t.raw(func(conn *pgx.Conn) error {
		if conn.IsClosed() {
			return errNotSent
		}
		tag, err := t.wire.commit(ctx, conn)
		if err != nil && conn.PgConn().TxStatus() != 'I' {
			return errors.Join(err, conn.Close(ctx))
		}
		if err == nil && tag.String() != "COMMIT" {
			return pgx.ErrTxCommitRollback
		}
		return err
	})
}

// Rollback rolls back, if anything has begun. When it fails the connection is
// closed, and the server rolls back.
func (t *Tx) Rollback(ctx context.Context) error {
	if !t.Begun() {
		t.wire.begin = nil
		return nil
	}
	return t.raw(func(conn *pgx.Conn) error {
		if conn.PgConn().TxStatus() == 'I' {
			return nil // BEGIN itself failed
		}
		_, err := conn.Exec(ctx, "rollback")
		if err != nil {
			return errors.Join(err, conn.Close(ctx))
		}
		return nil
	})
}

// raw lends the connection to f.
func (t *Tx) raw(f func(*pgx.Conn) error) error {
	return t.conn.Raw(func(any) error { return f(t.pgx) })
}
