// Package entcases gives Ent's own tests a client on PostgreSQL. The variable ENT_CLIENT
// says which one.
package entcases

import (
	"context"
	"database/sql"
	"os"
	"sync"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	_ "github.com/jackc/pgx/v5/stdlib"

	"commitment/ent"
	"commitment/ent/enttest"
	"commitment/ent/migrate"
	"commitment/internal/pgtest"
)

// databases are the databases of the clients.
var databases sync.Map // of pools by client

// Client returns a client on an empty database.
func Client(t *testing.T) *ent.Client {
	url := pgtest.EmptyURL(t)
	client := clients[os.Getenv("ENT_CLIENT")](t, url)
	databases.Store(client, plain(t, url))
	return client
}

// Create makes the entities' tables. Ent's migrations want a pool, and our client has
// none.
func Create(client *ent.Client, ctx context.Context, opts ...schema.MigrateOption) error {
	pool, _ := databases.Load(client)
	return migrate.NewSchema(entsql.OpenDB(dialect.Postgres, pool.(*sql.DB))).Create(ctx, opts...)
}

// Migrated returns a client on a database with the entities' tables.
func Migrated(t *testing.T, opts ...enttest.Option) *ent.Client {
	client := Client(t)
	pool, _ := databases.Load(client)
	enttest.NewClient(t, append(opts, enttest.WithOptions(ent.Driver(entsql.OpenDB(dialect.Postgres, pool.(*sql.DB)))))...)
	return client
}

// plain returns an ordinary pool on pgx.
func plain(t *testing.T, url string) *sql.DB {
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// forgiving is a transaction that survives the errors of its statements.
type forgiving struct{ dialect.Tx }

const name = "forgiving"

// try sets a savepoint, and rolls back to it if f fails.
func (tx forgiving) try(ctx context.Context, f func() error) error {
	if err := tx.Tx.Exec(ctx, "SAVEPOINT "+name, []any{}, nil); err != nil {
		return err
	}
	return tx.undo(f())
}

// undo rolls back to the savepoint after an error.
func (tx forgiving) undo(err error) error {
	if err != nil {
		if undoErr := tx.Tx.Exec(context.Background(), "ROLLBACK TO SAVEPOINT "+name, []any{}, nil); undoErr != nil {
			panic(undoErr)
		}
	}
	return err
}

// Exec runs a statement.
func (tx forgiving) Exec(ctx context.Context, query string, args, v any) error {
	return tx.try(ctx, func() error { return tx.Tx.Exec(ctx, query, args, v) })
}

// Query runs a query.
func (tx forgiving) Query(ctx context.Context, query string, args, v any) error {
	err := tx.try(ctx, func() error { return tx.Tx.Query(ctx, query, args, v) })
	if err == nil {
		onClose(v.(*entsql.Rows), func(err error) { _ = tx.undo(err) })
	}
	return err
}

// ExecContext runs a hand-written statement.
func (tx forgiving) ExecContext(ctx context.Context, query string, args ...any) (result sql.Result, err error) {
	err = tx.try(ctx, func() error {
		result, err = tx.Tx.(execQuerier).ExecContext(ctx, query, args...)
		return err
	})
	return result, err
}

// QueryContext runs a hand-written query.
func (tx forgiving) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	err = tx.try(ctx, func() error {
		rows, err = tx.Tx.(execQuerier).QueryContext(ctx, query, args...)
		return err
	})
	return rows, err
}

// execQuerier is what Ent's execquery wants of a driver.
type execQuerier interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// closing are rows that tell when they are closed.
type closing struct {
	entsql.ColumnScanner
	closed func(error)
}

// Close closes the rows.
func (r *closing) Close() error {
	err := r.ColumnScanner.Close()
	if r.closed != nil {
		r.closed(r.ColumnScanner.Err())
		r.closed = nil
	}
	return err
}

// typer is sqlgraph.Typer.
type typer interface{ NewValue(column int) any }

// typed are rows that choose what their columns are scanned into.
type typed struct {
	closing
	typer
}

// onClose has f called with the error of the rows once they are closed.
func onClose(rows *entsql.Rows, f func(error)) {
	c := closing{rows.ColumnScanner, f}
	if t, ok := rows.ColumnScanner.(typer); ok {
		rows.ColumnScanner = &typed{c, t}
		return
	}
	rows.ColumnScanner = &c
}
