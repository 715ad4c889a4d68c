//go:build !stock

package entcases

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"commitment/ent"
	_ "commitment/ent/runtime"
	"commitment/internal/postgres"
	"commitment/internal/txn"
)

var clients = map[string]func(*testing.T, string) *ent.Client{
	// The generated client without package txn.
	"generated": func(t *testing.T, url string) *ent.Client {
		return ent.NewClient(ent.Driver(entsql.OpenDB(dialect.Postgres, plain(t, url))))
	},
	// The client outside of any unit of work.
	"root": func(t *testing.T, url string) *ent.Client { return open(t, url).Client() },
	// Each statement, and each transaction, is a unit of work.
	"units": func(t *testing.T, url string) *ent.Client {
		return ent.NewClient(ent.Driver(units{open(t, url)}))
	},
	// All of a test is one unit of work.
	"unit": func(t *testing.T, url string) *ent.Client {
		db := open(t, url)
		ctx, u, err := db.Begin(context.Background(), txn.ReadWrite, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(u.Close)
		return db.Client().NewTx(ctx, forgiving{txn.Dialect(ctx)}).Client()
	},
}

func open(t *testing.T, url string) *txn.DB {
	pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: 15, MaxIdleConns: 15, PingAfter: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return txn.New(pool, txn.Options{})
}

// units is a driver whose statements are units of work.
type units struct{ db *txn.DB }

// Dialect returns PostgreSQL's.
func (units) Dialect() string { return dialect.Postgres }

// Close does nothing.
func (units) Close() error { return nil }

// Exec runs a statement.
func (d units) Exec(ctx context.Context, query string, args, v any) error {
	return d.run(func(tx dialect.Tx) error { return tx.Exec(ctx, query, args, v) })
}

// ExecContext runs a hand-written statement.
func (d units) ExecContext(ctx context.Context, query string, args ...any) (result sql.Result, err error) {
	err = d.run(func(tx dialect.Tx) error {
		result, err = tx.(execQuerier).ExecContext(ctx, query, args...)
		return err
	})
	return result, err
}

// QueryContext runs a hand-written query.
func (d units) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.db.Client().QueryContext(ctx, query, args...)
}

func (d units) run(f func(dialect.Tx) error) error {
	tx, err := d.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Query runs a query.
func (d units) Query(ctx context.Context, query string, args, v any) error {
	tx, err := d.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	if err := tx.Query(ctx, query, args, v); err != nil {
		_ = tx.Rollback()
		return err
	}
	onClose(v.(*entsql.Rows), func(err error) {
		if err == nil {
			err = tx.Commit()
		} else {
			_ = tx.Rollback()
		}
	})
	return nil
}

// Tx begins a transaction.
func (d units) Tx(ctx context.Context) (dialect.Tx, error) { return d.BeginTx(ctx, nil) }

// BeginTx begins a transaction.
func (d units) BeginTx(ctx context.Context, opts *sql.TxOptions) (dialect.Tx, error) {
	mode := txn.ReadWrite
	if opts != nil {
		mode = *opts
	}
	ctx, u, err := d.db.Begin(context.WithoutCancel(ctx), mode, 1)
	if err != nil {
		return nil, err
	}
	return unitTx{txn.Dialect(ctx), u}, nil
}

// unitTx is a unit of work as a transaction of Ent's.
type unitTx struct {
	dialect.Tx
	unit *txn.Unit
}

// Commit commits the unit.
func (tx unitTx) Commit() error {
	defer tx.unit.Close()
	return tx.unit.Commit()
}

// Rollback rolls the unit back.
func (tx unitTx) Rollback() error {
	tx.unit.Close()
	return nil
}

// ExecContext runs a hand-written statement.
func (tx unitTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return tx.Tx.(execQuerier).ExecContext(ctx, query, args...)
}

// QueryContext runs a hand-written query.
func (tx unitTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return tx.Tx.(execQuerier).QueryContext(ctx, query, args...)
}
