package pgproxy_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
)

// observed returns a proxy that delays and one that doesn't, both of which look
// at every message.
func observed(t *testing.T) map[string]*pgproxy.Proxy {
	t.Helper()
	proxies := map[string]*pgproxy.Proxy{}
	for name, added := range map[string]time.Duration{"at once": 0, "delayed": time.Millisecond} {
		p := pgtest.Proxy(t, pgtest.EmptyURL(t))
		p.SetRTT(added)
		p.Record()
		p.Inject(pgproxy.Fault{Match: func(pgproxy.Message) bool { return false }})
		proxies[name] = p
	}
	return proxies
}

func TestStdlibPassesThrough(t *testing.T) {
	t.Parallel()
	for name, p := range observed(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.Open(t, p.URL())
			tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
			if err != nil {
				t.Fatal(err)
			}
			var n int
			err = tx.QueryRowContext(t.Context(), "SELECT sum(i) FROM generate_series(1, $1) i", 1000).Scan(&n)
			if n != 500500 || err != nil {
				t.Errorf("sum = %d, %v, want 500500", n, err)
			}
			_, err = tx.ExecContext(t.Context(), "SELECT 1 / $1::int", 0)
			if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "22012" {
				t.Errorf("division by zero = %v, want SQLSTATE 22012", err)
			}
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPoolPassesThrough(t *testing.T) {
	t.Parallel()
	for name, p := range observed(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, err := pgxpool.New(t.Context(), p.URL())
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			var workers sync.WaitGroup
			for worker := range 8 {
				workers.Go(func() {
					for i := range 20 {
						var got int
						err := pool.QueryRow(t.Context(), "SELECT $1::int * 100 + $2::int", worker, i).Scan(&got)
						if want := worker*100 + i; got != want || err != nil {
							t.Errorf("value = %d, %v, want %d", got, err, want)
						}
					}
				})
			}
			workers.Wait()
		})
	}
}

func TestCopyPassesThrough(t *testing.T) {
	t.Parallel()
	for name, p := range observed(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, p)
			exec(t, conn, "CREATE TABLE numbers (n int, text text)")
			const rows = 20_000
			filler := strings.Repeat("x", 100)
			n, err := conn.CopyFrom(t.Context(), pgx.Identifier{"numbers"}, []string{"n", "text"},
				pgx.CopyFromSlice(rows, func(i int) ([]any, error) { return []any{i, filler}, nil }))
			if n != rows || err != nil {
				t.Fatalf("CopyFrom() = %d, %v, want %d", n, err, rows)
			}
			var out bytes.Buffer
			tag, err := conn.PgConn().CopyTo(t.Context(), &out, "COPY numbers TO STDOUT")
			if tag.RowsAffected() != rows || err != nil {
				t.Fatalf("CopyTo() = %v, %v, want %d rows", tag, err, rows)
			}
			if got := bytes.Count(out.Bytes(), []byte(filler+"\n")); got != rows {
				t.Errorf("rows copied out = %d, want %d", got, rows)
			}
		})
	}
}

func TestLargeValuesPassThrough(t *testing.T) {
	t.Parallel()
	for name, p := range observed(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, p)
			want := make([]byte, 5<<20)
			_, _ = rand.Read(want) // it never fails
			for range 2 {
				if got := value[[]byte](t, conn, "SELECT $1::bytea", want); !bytes.Equal(got, want) {
					t.Errorf("value = %d bytes, want the %d that were sent", len(got), len(want))
				}
			}
		})
	}
}

func TestCancelRequestPassesThrough(t *testing.T) {
	t.Parallel()
	for name, p := range observed(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, p)
			sleep := p.Inject(pgproxy.Fault{
				Match: pgproxy.AtStatement("pg_sleep"), Moment: pgproxy.Sent, Action: pgproxy.Delay,
			})
			ended := make(chan error, 1)
			go func() {
				_, err := conn.Exec(t.Context(), "SELECT pg_sleep(600)")
				ended <- err
			}()
			await(t, sleep)
			var err error
			for err == nil { // it does nothing when the statement hasn't begun
				if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
					t.Fatal(err)
				}
				select {
				case err = <-ended:
				case <-time.After(10 * time.Millisecond):
				}
			}
			if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "57014" {
				t.Errorf("canceled statement = %v, want SQLSTATE 57014", err)
			}
			if got := p.Stats(); got.Cancels == 0 || got.Connections != 1 {
				t.Errorf("cancels = %d, connections = %d, want some and 1", got.Cancels, got.Connections)
			}
		})
	}
}

func TestNotificationsPassThrough(t *testing.T) {
	t.Parallel()
	for name, p := range observed(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, sender := connect(t, p), connect(t, p)
			exec(t, listener, "LISTEN news")
			p.Reset()
			exec(t, sender, "NOTIFY news, 'hello'")
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			got, err := listener.WaitForNotification(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got.Payload != "hello" {
				t.Errorf("payload = %q, want hello", got.Payload)
			}
			if n := p.Stats().RoundTrips; n != 1 {
				t.Errorf("round trips = %d, want 1: that of NOTIFY", n)
			}
		})
	}
}

func TestEncryptionIsDeclined(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	config, err := pgx.ParseConfig(strings.ReplaceAll(p.URL(), "sslmode=disable", "sslmode=prefer"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	exec(t, conn, "SELECT")
}

func TestTheEndOfAClientReachesTheServer(t *testing.T) {
	t.Parallel()
	server := pgtest.EmptyURL(t)
	p, watcher := pgtest.Proxy(t, server), dial(t, server)
	conn := connect(t, p)
	pid := conn.PgConn().PID()
	if err := conn.PgConn().Conn().Close(); err != nil { // without a Terminate
		t.Fatal(err)
	}
	pgtest.WaitFor(t, "the session on the server ends", func() bool { return !running(t, watcher, pid) })
	pgtest.WaitFor(t, "the proxy's ends too", func() bool { return p.Stats().Open == 0 })
}

func TestTheEndOfABackendReachesTheClient(t *testing.T) {
	t.Parallel()
	server := pgtest.EmptyURL(t)
	p, killer := pgtest.Proxy(t, server), dial(t, server)
	conn := connect(t, p)
	exec(t, killer, "SELECT pg_terminate_backend($1)", int(conn.PgConn().PID()))
	_, err := conn.Exec(t.Context(), "SELECT")
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "57P01" {
		t.Errorf("Exec() = %v, want SQLSTATE 57P01", err)
	}
}

// running reports whether the server has the session.
func running(t *testing.T, q querier, pid uint32) bool {
	t.Helper()
	return value[bool](t, q, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", int(pid))
}
