package migration

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrPooled says that a pooler between here and the server gives every transaction
// another of the server's sessions. The lock that keeps two instances apart, and
// what a migration SETs, belong to a session.
var ErrPooled = errors.New("the database is behind a pooler that pools by transaction, " +
	"and a migration needs a session of its own: connect to PostgreSQL itself, or to a pool with pool_mode = session")

// poolerTimeout bounds the wait for a second connection: behind a full pool there
// is none to be had.
const poolerTimeout = 5 * time.Second

// mark is a setting that lives as long as a session does.
const mark = "commitment.session"

// checkPooler returns the process ID of the server's session on which conn works,
// or [ErrPooled]. Without a pooler that is what the server told when the connection
// began; a pooler tells a number of its own.
func checkPooler(ctx context.Context, db *sql.DB, conn *sql.Conn) (int, error) {
	told, err := toldPID(conn)
	if err != nil {
		return 0, err
	}
	mine := rand.Text()
	pid, _, err := sessionOf(ctx, conn, "set_config('"+mark+"', '"+mine+"', false)")
	if err != nil || pid == told {
		return pid, err
	}
	second, err := markedElsewhere(ctx, db, conn, mine)
	if err != nil {
		return 0, err
	}
	if second != pid {
		return 0, ErrPooled
	}
	return pid, nil
}

// markedElsewhere returns the process ID of conn's session while a transaction on
// a second connection holds another, and 0 when one of the two isn't where it was.
func markedElsewhere(ctx context.Context, db *sql.DB, conn *sql.Conn, mine string) (int, error) {
	brief, cancel := context.WithTimeout(ctx, poolerTimeout)
	defer cancel()
	if other, err := db.Conn(brief); err == nil {
		defer func() { _ = other.Close() }() // it has changed nothing
		tx, err := other.BeginTx(brief, &sql.TxOptions{ReadOnly: true})
		if _, refused := errors.AsType[*pgconn.PgError](err); refused {
			return 0, nil // a pool by statement has no transactions
		}
		if err == nil {
			defer func() { _ = tx.Rollback() }() // it has changed nothing
			if _, marked, err := sessionOf(brief, tx, readMark); err == nil && marked == mine {
				return 0, nil
			}
		}
	}
	pid, marked, err := sessionOf(ctx, conn, readMark)
	if err != nil || marked != mine {
		return 0, err
	}
	return pid, nil
}

const readMark = "coalesce(current_setting('" + mark + "', true), '')"

type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// sessionOf asks in one message: a prepared statement would be another session's.
func sessionOf(ctx context.Context, db rowQuerier, markExpr string) (pid int, marked string, err error) {
	err = db.QueryRowContext(ctx, "SELECT pg_backend_pid(), "+markExpr, pgx.QueryExecModeSimpleProtocol).Scan(&pid, &marked)
	if err != nil {
		return 0, "", fmt.Errorf("ask for the session: %w", err)
	}
	return pid, marked, nil
}

// toldPID is the process ID that the server, or a pooler, told conn.
func toldPID(conn *sql.Conn) (pid int, err error) {
	err = raw(conn, func(c *pgconn.PgConn) { pid = int(c.PID()) })
	return pid, err
}

// raw looks below database/sql.
func raw(conn *sql.Conn, look func(*pgconn.PgConn)) error {
	return conn.Raw(func(driver any) error {
		c, ok := driver.(interface{ Conn() *pgx.Conn })
		if !ok {
			return fmt.Errorf("the database's driver is %T, want pgx", driver)
		}
		look(c.Conn().PgConn())
		return nil
	})
}
