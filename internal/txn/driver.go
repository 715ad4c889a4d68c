package txn

import (
	"context"
	"database/sql"
	"errors"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// driver is the root client's driver. It refuses to work in the context of a unit of
// work: that would take a second connection, and once each connection of the pool is
// held by somebody waiting for a second one, all of them hang.
type driver struct {
	*entsql.Driver
	db *DB
}

// rejectNested returns ErrRootClient if ctx carries a unit of work that hasn't ended.
func rejectNested(ctx context.Context) error {
	if u := fromContext(ctx); u != nil && !u.lazy.hasEnded() {
		return ErrRootClient
	}
	return nil
}

// Exec runs a statement in a transaction of its own. Like Query it does so on a single
// connection: on the pool, database/sql would repeat a statement whose response was
// lost.
func (d *driver) Exec(ctx context.Context, query string, args, v any) error {
	conn, err := d.connection(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return withContextError(ctx, entsql.Conn{ExecQuerier: conn}.Exec(ctx, query, args, v))
}

// Query runs a query in a transaction of its own.
func (d *driver) Query(ctx context.Context, query string, args, v any) error {
	conn, err := d.connection(ctx)
	if err != nil {
		return err
	}
	if err := (entsql.Conn{ExecQuerier: conn}).Query(ctx, query, args, v); err != nil {
		return withContextError(ctx, errors.Join(err, conn.Close()))
	}
	rows := v.(*entsql.Rows) // Conn.Query has checked it
	rows.ColumnScanner = &connRows{rows.ColumnScanner, conn}
	return nil
}

// connRows are rows whose Close returns the connection to the pool.
type connRows struct {
	entsql.ColumnScanner
	conn *sql.Conn
}

// Close closes the rows.
func (r *connRows) Close() error {
	err := r.ColumnScanner.Close()
	if closeErr := r.conn.Close(); !errors.Is(closeErr, sql.ErrConnDone) { // the second Close does nothing
		err = errors.Join(err, closeErr)
	}
	return err
}

// ExecContext runs a statement of Ent's execquery in a transaction of its own.
func (d *driver) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	result, err := conn.ExecContext(ctx, query, args...)
	return result, withContextError(ctx, err)
}

// QueryContext runs a query of Ent's execquery in a transaction of its own.
func (d *driver) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, withContextError(ctx, errors.Join(err, conn.Close()))
	}
	go func() { _ = conn.Close() }() // waits for the rows to be closed
	return rows, nil
}

// connection returns the connection for a statement outside of any unit of work.
func (d *driver) connection(ctx context.Context) (*sql.Conn, error) {
	if err := rejectNested(ctx); err != nil {
		return nil, err
	}
	if hasSessionVars(ctx) {
		return nil, ErrSessionVar
	}
	return d.db.connection(ctx, d.db.pool)
}

// Tx begins a transaction that the caller ends.
func (d *driver) Tx(ctx context.Context) (dialect.Tx, error) {
	return d.BeginTx(ctx, nil)
}

// BeginTx begins a transaction that the caller ends.
func (d *driver) BeginTx(ctx context.Context, opts *sql.TxOptions) (dialect.Tx, error) {
	if err := rejectNested(ctx); err != nil {
		return nil, err
	}
	return d.Driver.BeginTx(ctx, opts)
}
