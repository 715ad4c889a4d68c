package migration_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

func TestApplyThroughPgBouncer(t *testing.T) {
	t.Parallel()
	program, err := osexec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; os.Getenv("CI") == "" {
			if _, err := os.Stat(program); err != nil {
				t.Skip("this test needs pgbouncer")
			}
		}
	}
	for _, size := range []int{1, 5} {
		for _, mode := range []string{"transaction", "statement"} {
			t.Run(fmt.Sprintf("refuses a pool by %s of %d", mode, size), func(t *testing.T) {
				t.Parallel()
				direct := pgtest.EmptyURL(t)
				db := pgtest.Open(t, bouncer(t, program, direct, mode, size))
				_, err := migration.Apply(t.Context(), db, files(t, "1_a.sql", createA), migration.ApplyOptions{})
				if !errors.Is(err, migration.ErrPooled) {
					t.Errorf("error = %v, want %v", err, migration.ErrPooled)
				}
				if got := tables(t, pgtest.Open(t, direct)); len(got) != 0 {
					t.Errorf("tables = %v, want none", got)
				}
			})
		}
		t.Run(fmt.Sprintf("works in a pool by session of %d", size), func(t *testing.T) {
			t.Parallel()
			direct := pgtest.EmptyURL(t)
			db := pgtest.Open(t, bouncer(t, program, direct, "session", size))
			apply(t, db, files(t, "1_a.sql", createA, "2_i.sql", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON a (id);\n"))
			if diff := cmp.Diff([]string{"a", "atlas_schema_revisions"}, tables(t, pgtest.Open(t, direct))); diff != "" {
				t.Errorf("tables (-want +got):\n%s", diff)
			}
		})
	}
}

// bouncer starts a PgBouncer before the database and returns its URL.
func bouncer(t *testing.T, program, address, mode string, size int) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	port := freePort(t)
	file := filepath.Join(t.TempDir(), "pgbouncer.ini")
	settings := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = %s
default_pool_size = %d
`, u.Hostname(), u.Port(), u.User.Username(), password, port, mode, size)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, program, file)
	u.Host = net.JoinHostPort("127.0.0.1", port)
	await(t, u.Host)
	return u.String()
}

// start runs PgBouncer until the test ends. It refuses to run as root.
func start(t *testing.T, program, file string) {
	t.Helper()
	args := []string{file}
	if os.Geteuid() == 0 {
		args = []string{"-u", "nobody", file}
	}
	var log bytes.Buffer
	cmd := osexec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()         // it was killed
		if t.Failed() {
			t.Logf("pgbouncer: %s", log.String())
		}
	})
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // only its number is wanted
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// await waits until somebody listens.
func await(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close() // only an answer is wanted
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("connect to %s: %v", address, err)
		}
	}
}
