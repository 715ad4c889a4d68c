package chaos

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// poolSize is how many connections to PostgreSQL a pooler has: fewer than the
// service opens to the pooler, so that they are shared all the time.
const poolSize = 4

// pooler is a PgBouncer that pools by transaction.
type pooler struct {
	t      *testing.T
	server *url.URL // PostgreSQL
	config string   // the file's path
	addr   string
	cmd    *exec.Cmd
}

// startPooler starts PgBouncer before the server at serverURL, with more lines in
// the section [pgbouncer] of its configuration. Without PgBouncer the test is
// skipped.
func startPooler(t *testing.T, serverURL string, lines ...string) *pooler {
	t.Helper()
	server, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	p := &pooler{t: t, server: server, config: filepath.Join(t.TempDir(), "pgbouncer.ini"), addr: freeAddr(t)}
	host, port, _ := strings.Cut(p.addr, ":")
	password, _ := server.User.Password()
	text := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s password='%s'\n",
		server.Hostname(), cmp.Or(server.Port(), "5432"), server.User.Username(), strings.ReplaceAll(password, "'", "''"))
	text += fmt.Sprintf("[pgbouncer]\nlisten_addr = %s\nlisten_port = %s\nunix_socket_dir =\nauth_type = any\n"+
		"pool_mode = transaction\ndefault_pool_size = %d\nmax_client_conn = 500\n%s\n",
		host, port, poolSize, strings.Join(lines, "\n"))
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.run()
	t.Cleanup(p.kill)
	return p
}

// program is where PgBouncer is installed; Debian's sbin isn't on everybody's PATH.
func (p *pooler) program() string {
	p.t.Helper()
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	p.t.Skip("this test needs PgBouncer: apt-get install pgbouncer")
	return ""
}

// run starts the process and waits until it lets a client in. It reads its
// configuration as root and then becomes nobody, for it refuses to stay root.
func (p *pooler) run() {
	p.t.Helper()
	args := []string{"--quiet", p.config}
	if os.Geteuid() == 0 {
		args = append([]string{"--user=nobody"}, args...)
	}
	p.cmd = exec.Command(p.program(), args...)
	p.cmd.Stderr = p.t.Output()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, "PgBouncer lets a client in", func() bool {
		conn, err := pgconn.Connect(p.t.Context(), p.url(""))
		return err == nil && conn.Close(p.t.Context()) == nil
	})
}

// kill ends the process with SIGKILL.
func (p *pooler) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// url is the server's URL by way of the pooler. Mode is how pgx runs statements.
func (p *pooler) url(mode string) string {
	u := *p.server
	u.Host = p.addr
	if mode != "" {
		query := u.Query()
		query.Set("default_query_exec_mode", mode)
		u.RawQuery = query.Encode()
	}
	return u.String()
}
