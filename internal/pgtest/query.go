package pgtest

import (
	"context"
	"database/sql"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Querier is a pool, a connection or a transaction.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Exec runs a statement.
func Exec(tb testing.TB, q Querier, statement string, args ...any) {
	tb.Helper()
	if _, err := q.ExecContext(tb.Context(), statement, args...); err != nil {
		tb.Fatal(err)
	}
}

// Value returns the one value of a query.
func Value[T any](tb testing.TB, q Querier, query string, args ...any) T {
	tb.Helper()
	var v T
	if err := q.QueryRowContext(tb.Context(), query, args...).Scan(&v); err != nil {
		tb.Fatal(err)
	}
	return v
}

// Session takes a connection of its own from the pool, given back when the test ends.
func Session(tb testing.TB, db *sql.DB) *sql.Conn {
	tb.Helper()
	conn, err := db.Conn(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Backend returns the process id of the session on the server.
func Backend(tb testing.TB, q Querier) int {
	tb.Helper()
	return Value[int](tb, q, "SELECT pg_backend_pid()")
}

// Terminate ends a session, and returns once it is gone.
func Terminate(tb testing.TB, q Querier, pid int) {
	tb.Helper()
	Exec(tb, q, "SELECT pg_terminate_backend($1)", pid)
	WaitFor(tb, "the session ends", func() bool {
		return Value[int](tb, q, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
	})
}

// WaitFor returns once a condition holds, or ends the test after a minute. What names the
// condition, as in "the session ends".
func WaitFor(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(patience); !holds(); {
		if time.Now().After(deadline) {
			tb.Fatalf("timed out after %v: %s", patience, what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// WithParams returns the URL with parameters added.
func WithParams(tb testing.TB, rawURL string, params map[string]string) string {
	tb.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		tb.Fatal(err)
	}
	query := u.Query()
	for name, value := range params {
		query.Set(name, value)
	}
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // libpq takes a plus for a plus
	return u.String()
}
