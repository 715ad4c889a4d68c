// Package pgbouncer runs PgBouncer in front of a server. It is for tests alone.
package pgbouncer

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
)

// Options configure a PgBouncer.
type Options struct {
	// PoolMode is when a connection to the server returns to the pool: "session",
	// "transaction" or "statement". Defaults to "transaction".
	PoolMode string
	// PoolSize is the most connections to the server. Defaults to 4, which is less than
	// the service opens, so that they are always shared.
	PoolSize int
	// Settings are more lines of the section [pgbouncer].
	Settings []string
}

// DefaultPoolSize is the default of [Options.PoolSize].
const DefaultPoolSize = 4

// PgBouncer is a process of PgBouncer.
type PgBouncer struct {
	tb      testing.TB
	program string
	config  string // the file's path
	url     string
	cmd     *exec.Cmd
}

// Start starts PgBouncer in front of the server at serverURL, killed when the test ends.
// Without PgBouncer the test is skipped.
func Start(tb testing.TB, serverURL string, o Options) *PgBouncer {
	tb.Helper()
	server, err := url.Parse(serverURL)
	if err != nil {
		tb.Fatal(err)
	}
	p := &PgBouncer{tb: tb, program: find(tb), config: filepath.Join(tb.TempDir(), "pgbouncer.ini")}
	address := pgtest.FreeAddress(tb)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(p.config, []byte(o.config(server, host, port)), 0o600); err != nil {
		tb.Fatal(err)
	}
	server.Host = address
	p.url = server.String()
	p.Run()
	tb.Cleanup(p.Kill)
	return p
}

// config returns the text of the configuration's file.
func (o Options) config(server *url.URL, host, port string) string {
	password, _ := server.User.Password()
	lines := append([]string{
		"[databases]",
		fmt.Sprintf("* = host=%s port=%s user=%s password='%s'", server.Hostname(), cmp.Or(server.Port(), "5432"),
			server.User.Username(), strings.ReplaceAll(password, "'", "''")),
		"[pgbouncer]",
		"listen_addr = " + host,
		"listen_port = " + port,
		"unix_socket_dir =",
		"auth_type = any",
		"max_client_conn = 500",
		"pool_mode = " + cmp.Or(o.PoolMode, "transaction"),
		fmt.Sprint("default_pool_size = ", cmp.Or(o.PoolSize, DefaultPoolSize)),
	}, o.Settings...)
	return strings.Join(lines, "\n") + "\n"
}

// find returns where PgBouncer is installed; Debian's sbin isn't on everybody's PATH.
func find(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	tb.Skip("this test needs PgBouncer: apt-get install pgbouncer")
	return ""
}

// Run starts the process, again after [PgBouncer.Kill], and waits until it accepts a
// client. It reads its configuration as root and then becomes nobody, since it refuses to
// stay root.
func (p *PgBouncer) Run() {
	p.tb.Helper()
	args := []string{"--quiet", p.config}
	if os.Geteuid() == 0 {
		args = append([]string{"--user=nobody"}, args...)
	}
	p.cmd = exec.CommandContext(context.Background(), p.program, args...)
	p.cmd.Stderr = p.tb.Output()
	if err := p.cmd.Start(); err != nil {
		p.tb.Fatal(err)
	}
	pgtest.WaitFor(p.tb, "PgBouncer accepts a client", func() bool {
		conn, err := pgconn.Connect(p.tb.Context(), p.url)
		return err == nil && conn.Close(p.tb.Context()) == nil
	})
}

// Kill ends the process with SIGKILL.
func (p *PgBouncer) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	_ = p.cmd.Wait()         // it was killed
}

// URL returns the server's URL by way of PgBouncer.
func (p *PgBouncer) URL() string { return p.url }
