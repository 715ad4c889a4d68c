package pgtx_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"commitment/internal/pgtest"
	"commitment/internal/pgtx"
)

// open returns a pool of at most so many connections. None is pinged before its use.
func open(t *testing.T, url string, conns int) *sql.DB {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	never := func(context.Context, stdlib.ShouldPingParams) bool { return false }
	db := sql.OpenDB(pgtx.NewConnector(*cfg, stdlib.OptionShouldPing(never)))
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	t.Cleanup(func() { _ = db.Close() }) // its connections may have been killed
	return db
}

// modes are the ways to run a statement, by their name in the URL.
var modes = []string{"cache_statement", "cache_describe", "describe_exec"}

// openMode opens a pool of one connection that runs statements in that way, on an empty
// database.
func openMode(t *testing.T, mode string) *sql.DB {
	t.Helper()
	return open(t, pgtest.WithParams(t, pgtest.EmptyURL(t), map[string]string{"default_query_exec_mode": mode}), 1)
}

// inTx runs work in a transaction whose BEGIN travels with the first statement.
func inTx(ctx context.Context, db *sql.DB, o pgtx.TxOptions, work func(*sql.Conn, *pgtx.Tx) error) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	tx, err := pgtx.NewTx(conn, o)
	if err != nil {
		return err
	}
	if err := work(conn, tx); err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	return tx.Commit(ctx)
}
