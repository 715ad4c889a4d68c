package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

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
	begin, err := beginOf(o)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	t := &Tx{conn: conn, o: o}
	err = conn.Raw(func(driverConn any) error {
		std, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("connection is a %T, not of pgx", driverConn)
		}
		t.pgx = std.Conn()
		if t.wire, ok = t.pgx.PgConn().CustomData()[wireKey].(*wire); !ok {
			return errors.New("connection was not opened by postgres.Open")
		}
		t.wire.begin = begin
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	return t, nil
}

// beginSQL is BEGIN with the mode that o asks for.
func beginSQL(o sql.TxOptions) (string, error) {
	text := "begin"
	switch o.Isolation {
	case sql.LevelDefault:
	case sql.LevelReadUncommitted:
		text += " isolation level read uncommitted"
	case sql.LevelReadCommitted:
		text += " isolation level read committed"
	case sql.LevelRepeatableRead, sql.LevelSnapshot:
		text += " isolation level repeatable read"
	case sql.LevelSerializable:
		text += " isolation level serializable"
	case sql.LevelWriteCommitted, sql.LevelLinearizable:
		return "", fmt.Errorf("PostgreSQL has no isolation level %v", o.Isolation)
	default:
		return "", fmt.Errorf("there is no isolation level %v", o.Isolation)
	}
	if o.ReadOnly {
		text += " read only"
	}
	return text, nil
}

// begins has the begin of each mode that was used, for most transactions set
// nothing of their own.
var begins sync.Map // of mode to *begin

type mode struct {
	sql.TxOptions
	wantXID bool
}

// beginOf is what begins a transaction. The id comes last.
func beginOf(o TxOptions) (*begin, error) {
	key := mode{o.TxOptions, o.WantXID}
	if known, ok := begins.Load(key); ok && len(o.Settings) == 0 {
		return known.(*begin), nil //nolint:forcetypeassert // nothing else is stored
	}
	text, err := beginSQL(o.TxOptions)
	if err != nil {
		return nil, err
	}
	statements := []statementText{{sql: text}}
	if len(o.Settings) > 0 {
		statements = append(statements, set(o.Settings))
	}
	if o.WantXID {
		statements = append(statements, statementText{sql: "select pg_current_xact_id()"})
	}
	b, err := newBegin(statements...)
	if err == nil && len(o.Settings) == 0 {
		begins.Store(key, b)
	}
	return b, err
}

// set is the statement that sets settings for the transaction.
func set(settings []Setting) statementText {
	var calls, args []string
	for i, s := range settings {
		calls = append(calls, fmt.Sprintf("set_config($%d, $%d, true)", 2*i+1, 2*i+2))
		args = append(args, s.Name, s.Value)
	}
	return statementText{sql: "select " + strings.Join(calls, ", "), args: args}
}

// Begun reports whether BEGIN was sent.
func (t *Tx) Begun() bool { return t.wire.begin == nil }

// Failed reports whether a statement has failed, so that nothing but a rollback
// is possible. It asks nobody: the server says so with every answer.
func (t *Tx) Failed() bool { return t.Begun() && t.pgx.PgConn().TxStatus() != 'T' }

// Busy reports whether the rows of a statement are still being read.
func (t *Tx) Busy() bool { return t.pgx.PgConn().IsBusy() }

// XID is the transaction's id, once it has begun and if it was asked for.
func (t *Tx) XID() XID {
	if !t.o.WantXID || !t.Begun() || t.wire.row == nil {
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

// inline is the statement with its arguments as literals, for the simple query
// protocol, which has none.
func (s statementText) inline() (string, error) {
	var literals []string
	for i, arg := range slices.Backward(s.args) { // $12 before $1
		if strings.ContainsAny(arg, "\x00\\") {
			return "", fmt.Errorf("a setting can't hold %q in the simple query protocol", arg)
		}
		literals = append(literals, "$"+strconv.Itoa(i+1), "'"+strings.ReplaceAll(arg, "'", "''")+"'")
	}
	return strings.NewReplacer(literals...).Replace(s.sql), nil
}
