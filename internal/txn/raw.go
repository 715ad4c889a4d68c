package txn

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
)

// SQL is the transaction of a unit of work for code that wants database/sql: it
// has the methods of [sql.Tx] but the ones that end it. Rows must be closed before
// the next statement, in whichever way that comes. A statement that would end or
// change the transaction is refused by [ErrManaged].
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
	return s.t.ExecContext(ctx, query, args...)
}

// QueryContext runs a query.
func (s SQL) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.t.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a query for one row at most, and scans it into dest. It
// returns sql.ErrNoRows when there is none.
func (s SQL) QueryRowContext(ctx context.Context, query string, args []any, dest ...any) error {
	return s.t.raw(ctx, query, func(conn *sql.Conn) error {
		return conn.QueryRowContext(ctx, query, args...).Scan(dest...)
	})
}

// Pgx lends the transaction's connection of pgx to f, for what database/sql
// doesn't reach, as COPY and batches. F must not keep the connection. One that is
// still in f when the unit ends has its session cut.
func (s SQL) Pgx(ctx context.Context, f func(*pgx.Conn) error) error {
	return s.t.lend(ctx, f)
}
