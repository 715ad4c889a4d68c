package txn

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
)

// SQL is the transaction of a unit of work, for code that needs database/sql: it has
// the methods of [sql.Tx], except those that end it. Rows must be closed before the
// next statement of any kind. A statement that would end or change the transaction
// returns [ErrManaged].
type SQL struct{ t *lazyTx }

// SQLFromContext returns the transaction of ctx for code that needs database/sql. It
// returns ErrNoUnit or ErrEnded if there is none.
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

// QueryRowContext runs a query for at most one row, and scans it into dest. It returns
// sql.ErrNoRows if there is none.
func (s SQL) QueryRowContext(ctx context.Context, query string, args []any, dest ...any) error {
	return s.t.runByHand(ctx, query, func(conn *sql.Conn) error {
		return conn.QueryRowContext(ctx, query, args...).Scan(dest...)
	})
}

// Pgx calls f with the transaction's pgx connection, for what database/sql lacks, such
// as COPY and batches. F must not keep the connection. If f is still running when the
// unit ends, its session is cut.
func (s SQL) Pgx(ctx context.Context, f func(*pgx.Conn) error) error {
	return s.t.lend(ctx, f)
}
