package pgproxy_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
)

// patience bounds each wait of a test for a condition.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	// The private server of the tests runs as long as they do.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("commitment/internal/pgserver.(*process).reap"))
}

func TestURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, server, want string }{
		{
			"keeps all but the address",
			"postgres://ann:s%2Fecret@127.0.0.1:5432/books?sslmode=disable&application_name=a%20b",
			"postgres://ann:s%2Fecret@{address}/books?sslmode=disable&application_name=a%20b",
		},
		{
			"drops the address among the parameters",
			"postgresql:///books?host=127.0.0.1&port=5432&sslmode=prefer",
			"postgresql://{address}/books?sslmode=prefer",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := pgtest.Proxy(t, tt.server).URL()
			u, err := url.Parse(got)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Replace(tt.want, "{address}", u.Host, 1); got != want {
				t.Errorf("URL() = %q, want %q", got, want)
			}
			if ip := u.Hostname(); ip != "127.0.0.1" {
				t.Errorf("host = %q, want 127.0.0.1", ip)
			}
		})
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, server, want string }{
		{"a Unix socket", "postgres:///books?host=/var/run/postgresql", "server's URL: /var/run/postgresql/.s.PGSQL.5432 is not a TCP address"},
		{"several hosts", "postgres://a,b/books?sslmode=disable", "server's URL: more than one host"},
		{"what has to be encrypted", "postgres://a/books?sslmode=require", "server's URL: sslmode refuses connections without TLS, of which a proxy sees nothing"},
		{"what is not a URL", "host=a dbname=books", "server's URL: not a postgres:// URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := pgproxy.Start(t.Context(), tt.server)
			if err == nil {
				p.Close()
				t.Fatalf("Start(%q) = nil, want an error", tt.server)
			}
			if err.Error() != tt.want {
				t.Errorf("error = %q, want %q", err, tt.want)
			}
		})
	}
}

func TestBreakCutsAllConnections(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	first, second := connect(t, p), connect(t, p)
	if n := p.Break(); n != 2 {
		t.Errorf("Break() = %d, want 2", n)
	}
	p.Refuse(true) // the CancelRequests that pgx sends behind a broken connection
	for _, conn := range []*pgx.Conn{first, second} {
		if err := conn.Ping(t.Context()); err == nil || !conn.IsClosed() {
			t.Errorf("Ping() = %v, closed = %t, want an error on a closed connection", err, conn.IsClosed())
		}
		<-conn.PgConn().CleanupDone()
	}
	p.Refuse(false)
	if err := connect(t, p).Ping(t.Context()); err != nil {
		t.Errorf("Ping() on a new connection = %v, want nil", err)
	}
	if n := p.Break(); n != 1 {
		t.Errorf("Break() = %d, want 1", n)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	before := connect(t, p)
	p.Refuse(true)
	if _, err := pgx.Connect(t.Context(), p.URL()); !isConnectError(err) {
		t.Errorf("connect = %v, want a ConnectError", err)
	}
	if err := before.Ping(t.Context()); err != nil {
		t.Errorf("Ping() on the connection from before = %v, want nil", err)
	}
	p.Refuse(false)
	connect(t, p)
	if n := p.Stats().Connections; n != 2 {
		t.Errorf("connections = %d, want 2", n)
	}
}

func TestRedirectLeadsNewConnections(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	before := connect(t, p)
	want := value[string](t, before, "SELECT current_database()")
	other := pgtest.EmptyURL(t)
	if err := p.Redirect(other); err != nil {
		t.Fatal(err)
	}
	if got := value[string](t, before, "SELECT current_database()"); got != want {
		t.Errorf("database of the connection from before = %s, want %s", got, want)
	}
	if got := value[string](t, connect(t, p), "SELECT current_database()"); got == want || !strings.Contains(other, got) {
		t.Errorf("database of a new connection = %s, want that of %s", got, other)
	}
	if err := p.Redirect("host=a"); err == nil {
		t.Error("Redirect() = nil for what is not a URL, want an error")
	}
}

func TestServerThatIsDown(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, "postgres://127.0.0.1:1/books?sslmode=disable") // nobody listens on tcpmux any more
	if _, err := pgx.Connect(t.Context(), p.URL()); !isConnectError(err) {
		t.Errorf("connect = %v, want a ConnectError", err)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	p.SetRTT(time.Hour) // for what comes now
	ended := make(chan error, 1)
	go func() {
		_, err := pgx.Connect(t.Context(), p.URL())
		ended <- err
	}()
	recorded := p.Record()
	p.Close()
	p.Close()
	if err := <-ended; !isConnectError(err) {
		t.Errorf("connect = %v, want a ConnectError", err)
	}
	if got := recorded.Messages(); len(got) != 0 {
		t.Errorf("messages passed on = %v, want none", got)
	}
}

// connect returns a connection through the proxy, closed with the test.
func connect(tb testing.TB, p *pgproxy.Proxy) *pgx.Conn {
	tb.Helper()
	return dial(tb, p.URL())
}

// dial returns a connection to url, closed with the test.
func dial(tb testing.TB, rawURL string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), rawURL)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) }) // a fault may have cut it
	return conn
}

// querier is a connection, a pool or a transaction.
type querier interface {
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

func exec(t *testing.T, q querier, query string, args ...any) {
	t.Helper()
	if _, err := q.Exec(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// value returns the one value of a query.
func value[T any](t *testing.T, q querier, query string, args ...any) T {
	t.Helper()
	var v T
	if err := q.QueryRow(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// await returns once the fault has acted.
func await(t *testing.T, i *pgproxy.Injection) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errors.New("the wait is over"))
	defer cancel()
	if err := i.Await(ctx, 1); err != nil {
		t.Fatal(err)
	}
}

func isConnectError(err error) bool {
	_, ok := errors.AsType[*pgconn.ConnectError](err)
	return ok
}

// names returns what messages are called, with what they say.
func names(messages []pgproxy.Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, m.String())
	}
	return all
}

// flights returns the names of what traveled together.
func flights(t *pgproxy.Transcript) [][]string {
	var all [][]string
	for _, flight := range t.Flights() {
		all = append(all, names(flight))
	}
	return slices.Clip(all)
}
