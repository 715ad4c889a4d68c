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

// ErrPooled reports a pooler between here and the server that may run each transaction
// in another session. But the lock that keeps two instances apart, and whatever a
// migration SETs, belong to a session.
var ErrPooled = errors.New("the database is behind a pooler that pools by transaction, " +
	"and a migration needs a session of its own: connect to PostgreSQL itself, or to a pool with pool_mode = session")

// poolerTimeout limits the wait for a second connection, which a full pool doesn't
// have.
const poolerTimeout = 5 * time.Second

// mark is a setting that lasts as long as a session.
const mark = "commitment.session"

// checkPooler returns the process ID of the session on which conn works, or
// [ErrPooled]. Without a pooler it is the one that the server reported when it accepted
// the connection; a pooler reports a number of its own.
func checkPooler(ctx context.Context, db *sql.DB, conn *sql.Conn) (int, error) {
	reported, err := reportedPID(conn)
	if err != nil {
		return 0, err
	}
	token := rand.Text()
	pid, _, err := sessionOf(ctx, conn, "set_config('"+mark+"', '"+token+"', false)")
	if err != nil || pid == reported {
		return pid, err
	}
	second, err := pidWhileSecond(ctx, db, conn, token)
	if err != nil {
		return 0, err
	}
	if second != pid {
		return 0, ErrPooled
	}
	return pid, nil
}

// pidWhileSecond returns the process ID of conn's session while a transaction on a
// second connection occupies another one, and 0 if either isn't in the session where it
// was.
func pidWhileSecond(ctx context.Context, db *sql.DB, conn *sql.Conn, token string) (int, error) {
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
			if _, marked, err := sessionOf(brief, tx, readMark); err == nil && marked == token {
				return 0, nil
			}
		}
	}
	pid, marked, err := sessionOf(ctx, conn, readMark)
	if err != nil || marked != token {
		return 0, err
	}
	return pid, nil
}

const readMark = "coalesce(current_setting('" + mark + "', true), '')"

type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// sessionOf queries in one message: a prepared statement would belong to another
// session.
func sessionOf(ctx context.Context, db rowQuerier, markExpr string) (pid int, marked string, err error) {
	err = db.QueryRowContext(ctx, "SELECT pg_backend_pid(), "+markExpr, pgx.QueryExecModeSimpleProtocol).Scan(&pid, &marked)
	if err != nil {
		return 0, "", fmt.Errorf("identify the session: %w", err)
	}
	return pid, marked, nil
}

// reportedPID is the process ID that the server, or a pooler, reported to conn.
func reportedPID(conn *sql.Conn) (pid int, err error) {
	err = raw(conn, func(c *pgconn.PgConn) { pid = int(c.PID()) })
	return pid, err
}

// raw gives access to pgx below database/sql.
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
