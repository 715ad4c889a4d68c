package chaos

import (
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"commitment/internal/migration"
	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
)

// startServer starts a PostgreSQL of the test's own.
func startServer(t *testing.T, o pgserver.Options) *pgserver.Server {
	t.Helper()
	if _, err := pgserver.Find(""); err != nil {
		pgtest.URL(t) // skips, or fails
	}
	server, err := pgserver.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	return server
}

// reachableDir is a folder that the user reaches whom PostgreSQL runs as.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

func migrateAll(t *testing.T, url string) {
	t.Helper()
	dir, err := migration.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migration.Apply(t.Context(), pgtest.Open(t, url), dir, migration.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
}

// road is an address that leads to a server whose own address changes.
type road struct {
	url    string
	target atomic.Pointer[string]
}

func newRoad(t *testing.T, server string) *road {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = listener.Addr().String()
	r := &road{url: u.String()}
	r.lead(server)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go r.travel(conn)
		}
	}()
	return r
}

// lead has new connections end at the server.
func (r *road) lead(server string) {
	if u, err := url.Parse(server); err == nil {
		r.target.Store(&u.Host)
	}
}

func (r *road) travel(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	server, err := net.Dial("tcp", *r.target.Load())
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, conn)
		_ = server.Close()
	}()
	_, _ = io.Copy(conn, server)
}

// holdCommits has COMMITs of transfers wait until the function that it returns is
// called.
func holdCommits(t *testing.T, url string) (release func()) {
	t.Helper()
	const id = "4711"
	db := pgtest.Open(t, url)
	if _, err := db.ExecContext(t.Context(), `
		CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_advisory_xact_lock_shared(`+id+`); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER held AFTER INSERT ON transfers DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION hold()`); err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "SELECT pg_advisory_lock("+id+")"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(t.Context(), "SELECT pg_advisory_unlock("+id+")"); err != nil {
			t.Error(err)
		}
		_ = conn.Close()
	}
}
