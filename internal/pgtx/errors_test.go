package pgtx_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
	"commitment/internal/pgtx"
)

func TestIsConnectionError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{driver.ErrBadConn, true},
		{pgconn.ErrConnClosed, true},
		{io.EOF, false}, // of whatever a handler reads
		{io.ErrUnexpectedEOF, false},
		{net.ErrClosed, false},
		{syscall.ECONNREFUSED, false},
		{&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, false},
		{&net.DNSError{Err: "no such host", Name: "nowhere.invalid", IsNotFound: true}, false},
		{&url.Error{Op: "Get", URL: "http://nowhere.invalid", Err: os.ErrDeadlineExceeded}, false},
		{&fs.PathError{Op: "open", Path: "nothing", Err: syscall.ENOENT}, false},
		{&pgconn.PgError{SeverityUnlocalized: "FATAL", Code: "57P01"}, true},
		{&pgconn.PgError{SeverityUnlocalized: "PANIC", Code: "XX000"}, true},
		{&pgconn.PgError{Severity: "FATAL", Code: "08P01"}, true}, // as a pooler sends it
		{&pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "57014"}, false},
		{sql.ErrNoRows, false},
		{sql.ErrTxDone, false},
		{context.Canceled, false},
		{context.DeadlineExceeded, false},
		{errors.Join(context.Canceled, driver.ErrBadConn), false},
		{errors.New("another"), false},
	} {
		for _, err := range []error{tt.err, fmt.Errorf("begin: %w", tt.err)} {
			if got := pgtx.IsConnectionError(err); got != tt.want {
				t.Errorf("IsConnectionError(%v) = %v, want %v", err, got, tt.want)
			}
		}
	}
	if pgtx.IsConnectionError(nil) {
		t.Error("IsConnectionError(nil) = true, want false")
	}
}

func TestIsConnectionErrorOfRealOnes(t *testing.T) {
	t.Parallel()
	given := pgtest.EmptyURL(t)
	for name, tt := range map[string]struct {
		params map[string]string
		query  string
		want   bool
	}{
		"a server that isn't there":   {map[string]string{"host": "127.0.0.1", "port": fmt.Sprint(pgtest.DeadPort(t))}, "SELECT", true},
		"a host that isn't there":     {map[string]string{"host": "nowhere.invalid"}, "SELECT", true},
		"a login that is refused":     {map[string]string{"dbname": "nothing"}, "SELECT", true},
		"a session that is ended":     {nil, "SELECT pg_terminate_backend(pg_backend_pid())", true},
		"a statement that is refused": {nil, "SELEKT", false},
		"a statement that times out":  {map[string]string{"statement_timeout": "1"}, "SELECT pg_sleep(600)", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, pgtest.WithParams(t, given, tt.params), 1)
			_, err := db.ExecContext(t.Context(), tt.query)
			if err == nil {
				t.Fatal("Exec() = nil, want an error")
			}
			if got := pgtx.IsConnectionError(err); got != tt.want {
				t.Errorf("IsConnectionError(%v) = %v, want %v", err, got, tt.want)
			}
		})
	}
}

// TestErrorsOfTheNetworkAreMarked has the network end in the ways that it has, while a
// statement waits: the error is that of the network below, and known as ours.
func TestErrorsOfTheNetworkAreMarked(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*pgx.Conn) error{
		"a connection that is cut":        func(conn *pgx.Conn) error { return conn.PgConn().Conn().Close() },
		"a time that is over":             func(conn *pgx.Conn) error { return conn.PgConn().Conn().SetDeadline(time.Unix(1, 0)) },
		"a server that takes no more":     func(conn *pgx.Conn) error { return tcp(conn).CloseWrite() },
		"a server that says nothing more": func(conn *pgx.Conn) error { return tcp(conn).CloseRead() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.WithParams(t, pgtest.EmptyURL(t), map[string]string{"sslmode": "disable"})
			conn := pgtest.Session(t, open(t, url, 1))
			if err := raw(conn, end); err != nil {
				t.Fatal(err)
			}
			_, err := conn.ExecContext(t.Context(), "SELECT pg_sleep(60)") // what is there already could still be read
			if !pgtx.IsConnectionError(err) {
				t.Errorf("Exec() = %v, want the end of the connection", err)
			}
		})
	}
}

func tcp(conn *pgx.Conn) *net.TCPConn { return conn.PgConn().Conn().(*net.TCPConn) }

// raw lends the connection of pgx to f.
func raw(conn *sql.Conn, f func(*pgx.Conn) error) error {
	return conn.Raw(func(driverConn any) error { return f(driverConn.(interface{ Conn() *pgx.Conn }).Conn()) })
}
