package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
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

// session takes a connection of its own from the pool.
func session(t *testing.T, db *sql.DB) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// querier is a pool, a connection or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// value returns the one value of a query.
func value[T any](t *testing.T, q querier, query string, args ...any) T {
	t.Helper()
	var v T
	if err := q.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// backend returns the process id of the session on the server.
func backend(t *testing.T, q querier) int {
	t.Helper()
	return value[int](t, q, "SELECT pg_backend_pid()")
}

func exec(t *testing.T, q querier, statement string, args ...any) {
	t.Helper()
	if _, err := q.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// terminate ends a session, and returns once it is gone.
func terminate(t *testing.T, q querier, pid int) {
	t.Helper()
	exec(t, q, "SELECT pg_terminate_backend($1)", pid)
	waitFor(t, "the session to end", func() bool {
		return value[int](t, q, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
	})
}

// waitFor returns once the condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errors.New("the wait is over"))
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v", what, context.Cause(ctx))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// withParams returns the URL with parameters added.
func withParams(t *testing.T, rawURL string, params map[string]string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	for name, v := range params {
		query.Set(name, v)
	}
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // libpq takes a plus for a plus
	return u.String()
}
