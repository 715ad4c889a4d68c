//go:build stock

package entcases

import (
	"testing"

	"context"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"commitment/ent"
)

var clients = map[string]func(*testing.T, string) *ent.Client{
	// A client as Ent generates it, on database/sql.
	"stock": func(t *testing.T, url string) *ent.Client {
		return ent.NewClient(ent.Driver(entsql.OpenDB(dialect.Postgres, plain(t, url))))
	},
	// The same in a transaction.
	"stock-tx": func(t *testing.T, url string) *ent.Client {
		tx, err := ent.NewClient(ent.Driver(forgivingDriver{entsql.OpenDB(dialect.Postgres, plain(t, url))})).Tx(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback() })
		return tx.Client()
	},
}

// forgivingDriver makes transactions that survive the errors of their statements.
type forgivingDriver struct{ dialect.Driver }

// Tx begins a transaction.
func (d forgivingDriver) Tx(ctx context.Context) (dialect.Tx, error) {
	tx, err := d.Driver.Tx(ctx)
	return forgiving{tx}, err
}
