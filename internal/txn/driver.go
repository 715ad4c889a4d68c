package txn

import (
	"context"
	"database/sql"
	"errors"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// driver is the root client's driver. It refuses to work in the context of a
// unit of work: that would take a second connection, and when every connection
// of the pool is held by somebody who waits for a second one, all hang.
type driver struct {
	*entsql.Driver
	db *DB
}

// outside returns ErrRootClient when ctx carries a unit of work that hasn't ended.
func outside(ctx context.Context) error {
	if u := fromContext(ctx); u != nil && !u.lazy.hasEnded() {
		return ErrRootClient
	}
	return nil
}

// Exec runs a statement in a transaction of its own. Like Query it runs on one
// connection: on the pool, database/sql would run a statement again whose answer
// was lost.
func (d *driver) Exec(ctx context.Context, query string, args, v any) error {
	conn, err := d.connection(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return because(ctx, entsql.Conn{ExecQuerier: conn}.Exec(ctx, query, args, v))
}

// Query runs a query in a transaction of its own.
func (d *driver) Query(ctx context.Context, query string, args, v any) error {
	conn, err := d.connection(ctx)
	if err != nil {
		return err
	}
	if err := (entsql.Conn{ExecQuerier: conn}).Query(ctx, query, args, v); err != nil {
		return because(ctx, errors.Join(err, conn.Close()))
	}
	rows := v.(*entsql.Rows) // Conn.Query has checked it
	rows.ColumnScanner = &lastRows{rows.ColumnScanner, conn}
	return nil
}

// lastRows are rows whose Close gives the connection back.
type lastRows struct {
	entsql.ColumnScanner
	conn *sql.Conn
}

// Close closes the rows.
func (r *lastRows) Close() error {
	err := r.ColumnScanner.Close()
	if closeErr := r.conn.Close(); !errors.Is(closeErr, sql.ErrConnDone) { // the second Close does nothing
		err = errors.Join(err, closeErr)
	}
	return err
}

// ExecContext runs a statement written by hand in a transaction of its own, as Ent's
// execquery does.
func (d *driver) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	result, err := conn.ExecContext(ctx, query, args...)
	return result, because(ctx, err)
}

// QueryContext runs a query written by hand in a transaction of its own.
func (d *driver) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, because(ctx, errors.Join(err, conn.Close()))
	}
	go func() { _ = conn.Close() }() // waits for the rows to be closed
	return rows, nil
}

// connection is where a statement outside of any unit of work runs.
func (d *driver) connection(ctx context.Context) (*sql.Conn, error) {
	if err := outside(ctx); err != nil {
		return nil, err
	}
	if hasSessionVars(ctx) {
		return nil, ErrSessionVar
	}
	return d.db.connection(ctx)
}

// Tx begins a transaction that the caller ends.
func (d *driver) Tx(ctx context.Context) (dialect.Tx, error) {
	return d.BeginTx(ctx, nil)
}

// BeginTx begins a transaction that the caller ends; in the context of a unit
// of work that is just being made it hands out that unit's transaction.
func (d *driver) BeginTx(ctx context.Context, opts *sql.TxOptions) (dialect.Tx, error) {
	if t, ok := ctx.Value(lazyKey{}).(*lazyTx); ok && t.take() {
		return t, nil
	}
	if err := outside(ctx); err != nil {
		return nil, err
	}
	return d.Driver.BeginTx(ctx, opts)
}
