package postgres_test

import (
	"database/sql"
	"testing"
	"time"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

// patience bounds each wait of a test for a condition.
const patience = 30 * time.Second

// open returns a pool, on a database of the test's own unless o names one.
func open(t *testing.T, o postgres.Options) *sql.DB {
	t.Helper()
	if o.URL == "" {
		o.URL = pgtest.EmptyURL(t)
	}
	db, err := postgres.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // its connections may have been killed
	return db
}

// single is a pool of one connection, which is kept and not pinged.
var single = postgres.Options{MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: time.Hour}

// modes are the ways to run a statement that Open takes, by their name in the URL.
var modes = []string{"cache_statement", "cache_describe", "describe_exec"}

// modeURL names an empty database, whose statements run in that way.
func modeURL(t *testing.T, mode string) string {
	t.Helper()
	return pgtest.WithParams(t, pgtest.EmptyURL(t), map[string]string{"default_query_exec_mode": mode})
}

// openMode opens a pool of one connection that runs statements in that way.
func openMode(t *testing.T, mode string) *sql.DB {
	t.Helper()
	return openURL(t, modeURL(t, mode))
}

func openURL(t *testing.T, url string) *sql.DB {
	t.Helper()
	return open(t, postgres.Options{URL: url, MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: time.Minute})
}
