package pgserver

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestThrowaway(t *testing.T) {
	t.Parallel()
	var said []string
	s := start(t, Options{
		Settings: map[string]string{"work_mem": "5MB", "max_connections": "7"},
		Progress: func(line string) { said = append(said, line) },
	})
	t.Run("has settings", func(t *testing.T) {
		for name, want := range map[string]string{
			"server_encoding":            "UTF8",
			"TimeZone":                   "UTC",
			"listen_addresses":           "127.0.0.1",
			"unix_socket_directories":    "",
			"fsync":                      "off",
			"synchronous_commit":         "off",
			"full_page_writes":           "off",
			"dynamic_shared_memory_type": "mmap",
			"work_mem":                   "5MB",
			"max_connections":            "7",
		} {
			if got := query(t, s.URL("postgres"), "SHOW "+name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
	})
	t.Run("says its version and its process", func(t *testing.T) {
		if got := query(t, s.URL("postgres"), "SHOW server_version"); !strings.HasPrefix(got, s.Version()) || s.Version() == "" {
			t.Errorf("Version() = %q, want that of %q", s.Version(), got)
		}
		if !isPostmaster(s.Pid(), s.claim.dir.data()) {
			t.Errorf("Pid() = %d, want the postmaster", s.Pid())
		}
		if s.Joined() {
			t.Error("Joined() = true, want false")
		}
	})
	t.Run("requires the password", func(t *testing.T) {
		u, err := url.Parse(s.URL("postgres"))
		check(t, err)
		u.User = url.UserPassword(u.User.Username(), "guessed")
		_, err = pgconn.Connect(t.Context(), u.String())
		refused, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || refused.Code != "28P01" {
			t.Errorf("error = %v, want a wrong password", err)
		}
	})
	t.Run("keeps its password secret", func(t *testing.T) {
		info, err := os.Stat(s.claim.dir.password())
		check(t, err)
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("mode = %v, want 0600", got)
		}
		if password := s.endpoint.password; strings.Contains(strings.Join(said, "\n"), password) {
			t.Errorf("progress names the password: %q", said)
		}
	})
	t.Run("stops once, however often Stop is called", func(t *testing.T) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := s.Stop(context.Background()); err != nil {
					t.Errorf("Stop() = %v, want nil", err)
				}
			})
		}
		all.Wait()
		<-s.Done()
		if dir := s.claim.dir.dir; exists(dir) {
			t.Errorf("%s is still there", dir)
		}
		if isPostmaster(s.Pid(), s.claim.dir.data()) || alive(s.Pid()) {
			t.Errorf("process %d still runs", s.Pid())
		}
	})
}

func TestStop(t *testing.T) {
	t.Parallel()
	t.Run("ends open transactions, and doesn't wait beyond its context", func(t *testing.T) {
		t.Parallel()
		s := start(t, Options{})
		conn, err := pgconn.Connect(t.Context(), s.URL("postgres"))
		check(t, err)
		check(t, conn.Exec(t.Context(), "BEGIN; SELECT 1").Close())
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		check(t, s.Stop(ended))
		if err := conn.Exec(t.Context(), "SELECT 1").Close(); err == nil {
			t.Error("the connection still answers")
		}
	})
	t.Run("notices that the server has exited", func(t *testing.T) {
		t.Parallel()
		s := start(t, Options{})
		check(t, syscall.Kill(s.Pid(), syscall.SIGTERM))
		<-s.Done()
		check(t, s.Stop(t.Context()))
		if exists(s.claim.dir.dir) {
			t.Errorf("%s is still there", s.claim.dir.dir)
		}
	})
}

func TestKilledOwner(t *testing.T) {
	t.Parallel()
	needPrograms(t)
	r, owner, _ := anotherProcess(t, "")
	check(t, owner.Process.Kill())
	eventually(t, "the server ends", func() bool { return !isPostmaster(r.Pid, filepath.Join(r.Dir, "data")) && !alive(r.Pid) })
	eventually(t, "the directory is removed", func() bool { return !exists(r.Dir) })
	eventually(t, "the watchdog ends", func() bool { return !alive(r.Watchdog) })
}

func TestFailedStart(t *testing.T) {
	needPrograms(t)
	t.Setenv("TMPDIR", reachableDir(t))
	_, err := Start(t.Context(), Options{Settings: map[string]string{"no_such_setting": "1"}})
	if err == nil || !strings.Contains(err.Error(), `unrecognized configuration parameter "no_such_setting"`) {
		t.Errorf("error = %v, want the log's last lines", err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := listen(t.Context(), 0)
	check(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	if !portInUse(t.Context(), port) {
		t.Errorf("portInUse(%d) = false, want true", port)
	}
	check(t, l.Close())
}

func TestURL(t *testing.T) {
	t.Parallel()
	e := endpoint{port: 5433, password: "p/w"}
	want := "postgres://postgres:p%2Fw@127.0.0.1:5433/a%20b?sslmode=disable"
	if got := e.url("a b"); got != want {
		t.Errorf("url = %q, want %q", got, want)
	}
}
