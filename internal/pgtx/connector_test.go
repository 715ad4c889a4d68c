package pgtx_test

import (
	"net"
	"net/url"
	"testing"

	"commitment/internal/pgtest"
)

// TestAHostThatFailsDoesNotDisturbTheNextOne: pgx closes the connection to it, politely,
// while the next host is tried.
func TestAHostThatFailsDoesNotDisturbTheNextOne(t *testing.T) {
	t.Parallel()
	broken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broken.Close() })
	go func() {
		for {
			conn, err := broken.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}()
	both, err := url.Parse(pgtest.WithParams(t, pgtest.EmptyURL(t), map[string]string{"sslmode": "disable"}))
	if err != nil {
		t.Fatal(err)
	}
	both.Host = broken.Addr().String() + "," + both.Host
	db := open(t, both.String(), 1)
	db.SetMaxIdleConns(-1) // each query makes a connection
	for range 100 {
		var one int
		if err := db.QueryRowContext(t.Context(), "SELECT 1").Scan(&one); err != nil {
			t.Fatal(err)
		}
	}
}
