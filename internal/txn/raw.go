package txn

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// SQL is the transaction of a unit of work for code that wants database/sql: it
// has the methods of [sql.Tx] but the ones that end it. Rows must be closed before
// the next statement, in whichever way that comes.
type SQL struct{ t *lazyTx }

// SQLFromContext returns the transaction in ctx for code that wants database/sql.
// It returns ErrNone or ErrEnded when there is none.
func SQLFromContext(ctx context.Context) (SQL, error) {
	u, err := active(ctx)
	if err != nil {
		return SQL{}, err
	}
	return SQL{&u.lazy}, nil
}

// ExecContext runs a statement.
func (s SQL) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	var result sql.Result
	if args == nil {
		args = []any{}
	}
	err := s.t.Exec(ctx, query, args, &result)
	return result, err
}

// QueryContext runs a query.
func (s SQL) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	err = s.t.with(ctx, func(conn *sql.Conn) error {
		rows, err = conn.QueryContext(ctx, query, args...) //nolint:rowserrcheck,sqlclosecheck // the caller reads and closes them
		return err
	})
	return rows, err
}

// QueryRowContext runs a query for one row at most, and scans it into dest. It
// returns sql.ErrNoRows when there is none.
func (s SQL) QueryRowContext(ctx context.Context, query string, args []any, dest ...any) error {
	return s.t.with(ctx, func(conn *sql.Conn) error {
		return conn.QueryRowContext(ctx, query, args...).Scan(dest...)
	})
}

// Pgx lends the transaction's connection of pgx to f, for what database/sql
// doesn't reach, as COPY and batches. F must not end the transaction, nor keep the
// connection.
func (s SQL) Pgx(ctx context.Context, f func(*pgx.Conn) error) error {
	return s.t.withOnce(ctx, func(conn *sql.Conn) error {
		return conn.Raw(func(driverConn any) error { return f(driverConn.(*stdlib.Conn).Conn()) })
	})
}
