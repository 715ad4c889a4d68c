package cli_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commitment/internal/pgtest"
)

// TestServeWithPrivateServer takes one directory through what a developer does to it.
func TestServeWithPrivateServer(t *testing.T) {
	t.Parallel()
	private := privateServer{project: pgtest.ReachableDir(t), programs: pgtest.Programs(t).Dir}

	t.Run("serves at the addresses that it prints", func(t *testing.T) {
		p := private.serve(t)
		for _, pattern := range []string{`^  API +(\S+)$`, `^  docs +(\S+)$`, `^  metrics +(\S+)$`, `^  curl (\S+)$`} {
			url := p.printed(t, pattern)
			if api, ok := strings.CutSuffix(url, "/v1"); ok {
				url = api + "/openapi.json"
			}
			if got := get(t, url); got.status != http.StatusOK {
				t.Errorf("GET %s = %d, want 200", url, got.status)
			}
		}
		if got := get(t, p.base(t)+"/readyz"); got.status != http.StatusOK {
			t.Errorf("GET /readyz = %d, want 200", got.status)
		}
	})
	t.Run("stops its PostgreSQL when Ctrl-C is pressed", func(t *testing.T) {
		p := private.serve(t)
		address := private.address(t)
		p.interrupt(t)
		if got := p.exitCode(t); got != 0 {
			t.Errorf("exit code = %d, want 0", got)
		}
		if accepts(address) {
			t.Errorf("PostgreSQL still accepts connections at %s", address)
		}
		if _, err := os.Stat(private.pidFile()); !os.IsNotExist(err) {
			t.Errorf("stat postmaster.pid: %v, want none", err)
		}
	})
	t.Run("keeps the data over a restart", func(t *testing.T) {
		p := private.serve(t)
		addRow(t, private.database(t), "kept")
		p.terminate(t)
		if got := p.exitCode(t); got != 0 {
			t.Errorf("exit code after SIGTERM = %d, want 0", got)
		}
		private.serve(t)
		wantRow(t, private.database(t), "kept")
	})
	t.Run("keeps the data and leaves no PostgreSQL behind when it is killed", func(t *testing.T) {
		p := private.serve(t)
		wantRow(t, private.database(t), "kept")
		address := private.address(t)
		p.kill(t)
		pgtest.WaitFor(t, "PostgreSQL ends", func() bool { return !accepts(address) })
		private.serve(t)
		wantRow(t, private.database(t), "kept")
	})
	t.Run("exits cleanly when it is interrupted before it serves", func(t *testing.T) {
		p := private.spawn(t)
		pgtest.WaitFor(t, "it has begun", func() bool { return p.stdout.String() != "" })
		p.terminate(t)
		if got := p.exitCode(t); got != 0 {
			t.Errorf("exit code = %d, want 0", got)
		}
	})
}

// TestServeSharesPrivateServer runs two services on one directory.
func TestServeSharesPrivateServer(t *testing.T) {
	t.Parallel()
	private := privateServer{project: pgtest.ReachableDir(t), programs: pgtest.Programs(t).Dir}

	t.Run("joins the PostgreSQL of another process", func(t *testing.T) {
		first, second := private.serve(t), private.serve(t)
		second.printed(t, `^(joined the PostgreSQL) `)
		addRow(t, private.database(t), "shared")
		second.interrupt(t)
		if got := second.exitCode(t); got != 0 {
			t.Errorf("exit code of the second = %d, want 0", got)
		}
		wantRow(t, private.database(t), "shared")
		if got := get(t, first.base(t)+"/readyz"); got.status != http.StatusOK {
			t.Errorf("GET /readyz of the first = %d, want 200", got.status)
		}
	})
	t.Run("says that the PostgreSQL it has joined has stopped", func(t *testing.T) {
		first, second := private.serve(t), private.serve(t)
		first.interrupt(t)
		if got := second.exitCode(t); got != 1 {
			t.Errorf("exit code of the second = %d, want 1", got)
		}
		if got, want := second.stderr.String(), "the private PostgreSQL has stopped: run serve again"; !strings.Contains(got, want) {
			t.Errorf("stderr of the second = %q, want %q in it", got, want)
		}
	})
	t.Run("says that the address is in use", func(t *testing.T) {
		first := private.serve(t)
		taken := strings.TrimPrefix(first.base(t), "http://")
		second := private.spawn(t, "ADDR="+taken)
		if got := second.exitCode(t); got != 1 {
			t.Errorf("exit code = %d, want 1", got)
		}
		for _, want := range []string{taken, "address already in use", "set ADDR to another address"} {
			if got := second.stderr.String(); !strings.Contains(got, want) {
				t.Errorf("stderr = %q, want %q in it", got, want)
			}
		}
		if got := get(t, first.base(t)+"/readyz"); got.status != http.StatusOK {
			t.Errorf("GET /readyz of the first = %d, want 200", got.status)
		}
	})
}

// privateServer is where the service keeps its own PostgreSQL.
type privateServer struct{ project, programs string }

func (s privateServer) spawn(t *testing.T, settings ...string) *process {
	t.Helper()
	return spawn(t, s.project, append(settings, "COMMITMENT_POSTGRES_BIN="+s.programs)...)
}

func (s privateServer) serve(t *testing.T) *process {
	t.Helper()
	return serveIn(t, s.project, "COMMITMENT_POSTGRES_BIN="+s.programs)
}

func (s privateServer) pidFile() string {
	return filepath.Join(s.project, ".commitment", "data", "postmaster.pid")
}

// address returns where PostgreSQL listens, according to postmaster.pid.
func (s privateServer) address(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.pidFile())
	check(t, err)
	return net.JoinHostPort("127.0.0.1", strings.Split(string(text), "\n")[3])
}

// database returns the URL of the private server's database.
func (s privateServer) database(t *testing.T) string {
	t.Helper()
	password, err := os.ReadFile(filepath.Join(s.project, ".commitment", "password"))
	check(t, err)
	return "postgres://postgres:" + strings.TrimSpace(string(password)) + "@" + s.address(t) + "/commitment"
}

// accepts reports whether something listens at address.
func accepts(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
