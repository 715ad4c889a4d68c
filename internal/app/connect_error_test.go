package app

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
)

func TestConnectError(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(pgtest.StartServer(t, pgserver.Options{}).URL("postgres")) // requires passwords, has no TLS
	check(t, err)
	closed := "127.0.0.1:" + freePort(t)
	with := func(change func(u *url.URL, query url.Values)) string {
		changed, query := *u, url.Values{"sslmode": {"prefer"}} // libpq's own default
		change(&changed, query)
		changed.RawQuery = query.Encode()
		return changed.String()
	}
	for _, tt := range []struct{ name, url, want string }{
		{"a wrong password", with(func(u *url.URL, _ url.Values) { u.User = url.UserPassword(u.User.Username(), "wrong") }),
			`password authentication failed for user "` + u.User.Username() + `" (SQLSTATE 28P01)`},
		{"an unknown role", with(func(u *url.URL, _ url.Values) { u.User = url.UserPassword("nobody", "x") }),
			`password authentication failed for user "nobody" (SQLSTATE 28P01)`},
		{"an unknown database", with(func(u *url.URL, _ url.Values) { u.Path = "/gone" }),
			`database "gone" does not exist (SQLSTATE 3D000)`},
		{"no server at the address", with(func(u *url.URL, _ url.Values) { u.Host = closed }),
			"connection refused at " + closed},
		{"TLS that is required", with(func(_ *url.URL, q url.Values) { q.Set("sslmode", "require") }),
			"tls error: server refused TLS connection at " + u.Host},
		{"no socket", "host=/nowhere user=u dbname=d", "no such file or directory at /nowhere/.s.PGSQL.5432"},
		{"several addresses", fmt.Sprintf("postgres://u@%s,%s/d", closed, "127.0.0.1:1"),
			"connection refused at " + closed + "; connection refused at 127.0.0.1:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := pgx.Connect(t.Context(), tt.url)
			if err == nil {
				_ = conn.Close(context.WithoutCancel(t.Context()))
				t.Fatal("connected, want an error")
			}
			got := ConnectError(fmt.Errorf("ping: %w", err)).Error()
			if got != tt.want {
				t.Errorf("ConnectError() = %q of %v, want %q", got, err, tt.want)
			}
		})
	}
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	check(t, listener.Close())
	_, port, err := net.SplitHostPort(listener.Addr().String())
	check(t, err)
	return port
}
