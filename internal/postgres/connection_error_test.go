package postgres_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

func TestIsConnectionError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{driver.ErrBadConn, true},
		{pgconn.ErrConnClosed, true},
		{io.EOF, true},
		{io.ErrUnexpectedEOF, true},
		{net.ErrClosed, true},
		{&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, true},
		{&pgconn.PgError{SeverityUnlocalized: "FATAL", Code: "57P01"}, true},
		{&pgconn.PgError{SeverityUnlocalized: "PANIC", Code: "XX000"}, true},
		{&pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "57014"}, false},
		{sql.ErrNoRows, false},
		{sql.ErrTxDone, false},
		{context.Canceled, false},
		{errors.New("another"), false},
	} {
		for _, err := range []error{tt.err, fmt.Errorf("begin: %w", tt.err)} {
			if got := postgres.IsConnectionError(err); got != tt.want {
				t.Errorf("IsConnectionError(%v) = %v, want %v", err, got, tt.want)
			}
		}
	}
	if postgres.IsConnectionError(nil) {
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
		"a server that isn't there":   {map[string]string{"host": "127.0.0.1", "port": fmt.Sprint(deadPort(t))}, "SELECT", true},
		"a host that isn't there":     {map[string]string{"host": "nowhere.invalid"}, "SELECT", true},
		"a login that is refused":     {map[string]string{"dbname": "nothing"}, "SELECT", true},
		"a session that is ended":     {nil, "SELECT pg_terminate_backend(pg_backend_pid())", true},
		"a statement that is refused": {nil, "SELEKT", false},
		"a statement that times out":  {map[string]string{"statement_timeout": "1"}, "SELECT pg_sleep(600)", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, postgres.Options{URL: withParams(t, given, tt.params)})
			_, err := db.ExecContext(t.Context(), tt.query)
			if err == nil {
				t.Fatal("Exec() = nil, want an error")
			}
			if got := postgres.IsConnectionError(err); got != tt.want {
				t.Errorf("IsConnectionError(%v) = %v, want %v", err, got, tt.want)
			}
		})
	}
}
