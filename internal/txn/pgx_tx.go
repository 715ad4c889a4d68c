package txn

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"commitment/internal/pgtx"
)

// PgxTx returns the transaction of ctx as a [pgx.Tx], for libraries that work with one.
// Its statements are the unit's own, like those of Ent. Commit and Rollback return
// [ErrManaged]; Begin sets a savepoint, which those of the [pgx.Tx] that it returns
// release and roll back to. Conn returns nil, for [SQL.Pgx] lends the connection, and
// large objects aren't supported. It returns ErrNoUnit or ErrEnded if there is no
// transaction.
func PgxTx(ctx context.Context) (pgx.Tx, error) {
	u, err := active(ctx)
	if err != nil {
		return nil, err
	}
	return &pgxTx{unit: u}, nil
}

// pgxTx is the transaction of a unit, or a savepoint of it, as a pgx.Tx.
type pgxTx struct {
	unit      *Unit
	savepoint *savepoint // nil for the transaction
	closed    bool       // the savepoint was released or rolled back to
}

// Begin sets a savepoint.
func (x *pgxTx) Begin(ctx context.Context) (pgx.Tx, error) {
	if x.closed {
		return nil, pgx.ErrTxClosed
	}
	s, err := x.unit.savepoint(ctx)
	if err != nil {
		return nil, err
	}
	return &pgxTx{unit: x.unit, savepoint: &s}, nil
}

// Commit releases the savepoint.
func (x *pgxTx) Commit(ctx context.Context) error { return x.endSavepoint(ctx, savepoint.release) }

// Rollback rolls back to the savepoint.
func (x *pgxTx) Rollback(ctx context.Context) error { return x.endSavepoint(ctx, savepoint.undo) }

func (x *pgxTx) endSavepoint(ctx context.Context, end func(savepoint, context.Context) error) error {
	switch {
	case x.savepoint == nil:
		return ErrManaged
	case x.closed:
		return pgx.ErrTxClosed
	}
	x.closed = true
	return end(*x.savepoint, ctx)
}

// Exec runs a statement.
func (x *pgxTx) Exec(ctx context.Context, query string, args ...any) (tag pgconn.CommandTag, err error) {
	if x.closed {
		return tag, pgx.ErrTxClosed
	}
	t := &x.unit.lazy
	err = t.runByHand(ctx, query, func(*sql.Conn) error {
		conn, err := t.pgxConn()
		if err == nil {
			tag, err = conn.Exec(ctx, query, args...)
		}
		return err
	})
	return tag, err
}

// Query runs a query. The unit is busy until its rows are closed.
func (x *pgxTx) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	if x.closed {
		return failedRows{pgx.ErrTxClosed}, pgx.ErrTxClosed
	}
	t := &x.unit.lazy
	rows, err := t.queryPgx(ctx, query, args)
	if err != nil {
		return failedRows{err}, err
	}
	return rows, nil
}

// QueryRow runs a query for at most one row.
func (x *pgxTx) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	rows, _ := x.Query(ctx, query, args...) // Scan returns the error
	return pgxRow{rows}
}

// SendBatch sends statements together. The unit is busy until the results are closed.
func (x *pgxTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if x.closed {
		return failedBatch{pgx.ErrTxClosed}
	}
	t := &x.unit.lazy
	if err := t.lockStatement(ctx); err != nil {
		return failedBatch{err}
	}
	t.keepToPrimary() // an error shows only when the results are read
	results := &pgxBatch{batch: b, t: t, ctx: ctx}
	err := t.run(ctx, func(*sql.Conn) error {
		conn, err := t.pgxConn()
		if err == nil {
			results.BatchResults = conn.SendBatch(ctx, b)
		}
		return err
	})
	if err != nil {
		t.statementMu.Unlock()
		return failedBatch{err}
	}
	if err := t.hold(results); err != nil {
		return failedBatch{err}
	}
	return results
}

// CopyFrom copies rows into a table.
func (x *pgxTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (n int64, err error) {
	if x.closed {
		return 0, pgx.ErrTxClosed
	}
	err = x.unit.lazy.lend(ctx, func(conn *pgx.Conn) error {
		n, err = conn.CopyFrom(ctx, table, columns, rows)
		return err
	})
	return n, err
}

// Prepare prepares a statement.
func (x *pgxTx) Prepare(ctx context.Context, name, query string) (description *pgconn.StatementDescription, err error) {
	if x.closed {
		return nil, pgx.ErrTxClosed
	}
	err = x.unit.lazy.lend(ctx, func(conn *pgx.Conn) error {
		description, err = conn.Prepare(ctx, name, query)
		return err
	})
	return description, err
}

// LargeObjects returns an object that can't be used.
func (x *pgxTx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

// Conn returns nil.
func (x *pgxTx) Conn() *pgx.Conn { return nil }

// pgxConn returns the connection, for the statement that run has connected it for.
func (t *lazyTx) pgxConn() (*pgx.Conn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tx == nil {
		return nil, ErrEnded
	}
	return t.tx.Conn(), nil
}

// queryPgx runs a hand-written query.
func (t *lazyTx) queryPgx(ctx context.Context, query string, args []any) (*pgxRows, error) {
	if err := pgtx.CheckStatement(query); err != nil {
		return nil, t.statementFailed(ctx, err)
	}
	rows := &pgxRows{}
	if err := t.runPgxQuery(ctx, query, args, rows); err != nil {
		return nil, err
	}
	return rows, nil
}

// runPgxQuery runs a query and opens its rows. It reads the first row, to learn of an error
// while the query can still be run on another connection.
func (t *lazyTx) runPgxQuery(ctx context.Context, query string, args []any, rows *pgxRows) error {
	if err := t.lockStatement(ctx); err != nil {
		return err
	}
	rows.t, rows.guard = t, &rows.own
	err := t.run(ctx, func(*sql.Conn) error {
		conn, err := t.pgxConn()
		if err != nil {
			return err
		}
		found, err := conn.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		rows.Rows, rows.ahead = found, found.Next()
		return found.Err()
	})
	switch {
	case err != nil:
		t.statementMu.Unlock()
		return err
	case rows.ahead:
		return t.hold(rows)
	default:
		rows.release()
	}
	return nil
}

// pgxRow is a row of QueryRow.
type pgxRow struct{ pgx.Rows }

// Scan reads the values of the row, or returns pgx.ErrNoRows.
func (r pgxRow) Scan(dest ...any) error {
	defer r.Close()
	if !r.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.Rows.Scan(dest...); err != nil {
		return err
	}
	r.Close()
	return r.Err()
}

// failedRows are the rows of a query that failed.
type failedRows struct{ err error }

func (r failedRows) Close()                                       {}
func (r failedRows) Err() error                                   { return r.err }
func (r failedRows) CommandTag() pgconn.CommandTag                { return pgconn.CommandTag{} }
func (r failedRows) FieldDescriptions() []pgconn.FieldDescription { return nil }
func (r failedRows) Next() bool                                   { return false }
func (r failedRows) Scan(...any) error                            { return r.err }
func (r failedRows) Values() ([]any, error)                       { return nil, r.err }
func (r failedRows) RawValues() [][]byte                          { return nil }
func (r failedRows) Conn() *pgx.Conn                              { return nil }
func (r failedRows) TypeMap() *pgtype.Map                         { return nil }

// failedBatch are the results of a batch that wasn't sent.
type failedBatch struct{ err error }

func (b failedBatch) Exec() (pgconn.CommandTag, error) { return pgconn.CommandTag{}, b.err }
func (b failedBatch) Query() (pgx.Rows, error)         { return failedRows(b), b.err }
func (b failedBatch) QueryRow() pgx.Row                { return pgxRow{failedRows(b)} }
func (b failedBatch) Tx() pgx.Tx                       { return nil }
func (b failedBatch) Close() error                     { return b.err }
