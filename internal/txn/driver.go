package txn

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// driver is the root client's driver. It refuses to work in the context of a
// unit of work: that would take a second connection, and when every connection
// of the pool is held by somebody who waits for a second one, all hang.
type driver struct{ *entsql.Driver }

// outside returns ErrRootClient when ctx carries a unit of work that hasn't ended.
func outside(ctx context.Context) error {
	if u := fromContext(ctx); u != nil && !u.lazy.hasEnded() {
		return ErrRootClient
	}
	return nil
}

// Exec runs a statement in a transaction of its own.
func (d *driver) Exec(ctx context.Context, query string, args, v any) error {
	if err := outside(ctx); err != nil {
		return err
	}
	return d.Driver.Exec(ctx, query, args, v)
}

// Query runs a query in a transaction of its own.
func (d *driver) Query(ctx context.Context, query string, args, v any) error {
	if err := outside(ctx); err != nil {
		return err
	}
	return d.Driver.Query(ctx, query, args, v)
}

// Tx begins a transaction that the caller ends.
func (d *driver) Tx(ctx context.Context) (dialect.Tx, error) {
	return d.BeginTx(ctx, nil)
}

// BeginTx begins a transaction that the caller ends; in the context of a unit
// of work that is just being made it hands out that unit's transaction.
func (d *driver) BeginTx(ctx context.Context, opts *sql.TxOptions) (dialect.Tx, error) {
	if u := fromContext(ctx); u != nil && u.tx == nil {
		return u.lazy, nil
	}
	if err := outside(ctx); err != nil {
		return nil, err
	}
	return d.Driver.BeginTx(ctx, opts)
}
