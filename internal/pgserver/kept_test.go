package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// inMemory is for servers; TMPDIR, which TestMain sets, is for programs.
var inMemory = TempDir()

// reachableDir returns a directory that the server's user can reach.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(inMemory, "commitment-test-") //nolint:usetesting // t.TempDir isn't in memory.
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	check(t, os.Chmod(dir, 0o711))
	user, err := serverUser(dir)
	check(t, err)
	if !user.canReach(dir) {
		t.Skipf("user %s can't reach %s", user.name, dir)
	}
	return dir
}

func createLog(t *testing.T, s *Server) {
	t.Helper()
	execute(t, s.URL("postgres"), "CREATE TABLE log (n bigint GENERATED ALWAYS AS IDENTITY, what text)")
}

func write(t *testing.T, s *Server, what string) {
	t.Helper()
	execute(t, s.URL("postgres"), fmt.Sprintf("INSERT INTO log (what) VALUES ('%s')", what))
}

func written(t *testing.T, s *Server) string {
	t.Helper()
	return query(t, s.URL("postgres"), "SELECT coalesce(string_agg(what, ',' ORDER BY n), '') FROM log")
}

// TestKept takes one directory through what the data must survive.
func TestKept(t *testing.T) {
	t.Parallel()
	needPrograms(t)
	dir := filepath.Join(reachableDir(t), "project", "server")

	t.Run("starts empty after an interrupted initdb", func(t *testing.T) {
		half := filepath.Join(dir, "initdb-1", "base")
		check(t, os.MkdirAll(half, 0o755))
		s := start(t, Options{Dir: dir})
		createLog(t, s)
		write(t, s, "first")
		for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			if got := query(t, s.URL("postgres"), "SHOW "+setting); got != "on" {
				t.Errorf("%s = %s, want on", setting, got)
			}
		}
		if exists(half) {
			t.Errorf("%s is still there", half)
		}
	})
	t.Run("keeps the data over a stop", func(t *testing.T) {
		s := start(t, Options{Dir: dir})
		if got := written(t, s); got != "first" {
			t.Errorf("log = %q, want first", got)
		}
		write(t, s, "second")
		check(t, s.Kill())
	})
	t.Run("keeps the data over a kill", func(t *testing.T) {
		s := start(t, Options{Dir: dir})
		if got := written(t, s); got != "first,second" {
			t.Errorf("log = %q, want first,second", got)
		}
	})
	t.Run("kills sessions at work too", func(t *testing.T) {
		s := start(t, Options{Dir: dir})
		busy := busySession(t, s)
		check(t, s.Kill())
		eventually(t, "the session's process ends", func() bool { return !slices.Contains(running(t), busy) })
	})
}

// TestDamage does to one directory what crashes and people do.
func TestDamage(t *testing.T) {
	t.Parallel()
	needPrograms(t)
	dir := reachableDir(t)
	s := start(t, Options{Dir: dir})
	createLog(t, s)
	write(t, s, "first")
	check(t, s.Stop(t.Context()))

	t.Run("starts although another process has the old process id", func(t *testing.T) {
		otherPid(t, filepath.Join(dir, "data"))
		s := start(t, Options{Dir: dir})
		if got := written(t, s); got != "first" {
			t.Errorf("log = %q, want first", got)
		}
	})
	t.Run("starts with a truncated postmaster.pid", func(t *testing.T) {
		check(t, os.WriteFile(pidFile(filepath.Join(dir, "data")), nil, 0o600))
		start(t, Options{Dir: dir})
	})
	t.Run("names no password when the password is wrong", func(t *testing.T) {
		password := filepath.Join(dir, "password")
		right, err := os.ReadFile(password)
		check(t, err)
		check(t, os.WriteFile(password, []byte("wrong-one\n"), 0o600))
		defer func() { check(t, os.WriteFile(password, right, 0o600)) }()
		_, err = Start(t.Context(), Options{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), "28P01") || strings.Contains(err.Error(), "wrong-one") {
			t.Errorf("error = %v, want a refusal that doesn't name the password", err)
		}
	})
	t.Run("names both versions when the data are from another one", func(t *testing.T) {
		version := filepath.Join(dir, "data", "PG_VERSION")
		right, err := os.ReadFile(version)
		check(t, err)
		check(t, os.WriteFile(version, []byte("12\n"), 0o600))
		defer func() { check(t, os.WriteFile(version, right, 0o600)) }()
		_, err = Start(t.Context(), Options{Dir: dir})
		for _, want := range []string{"PostgreSQL 12", "PostgreSQL " + needPrograms(t).Version, filepath.Join(dir, "data")} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error = %v, want it to name %q", err, want)
			}
		}
	})
}

// TestCanceledStart interrupts initdb.
func TestCanceledStart(t *testing.T) {
	t.Parallel()
	needPrograms(t)
	dir := reachableDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		for pause(ctx) {
			if begun, _ := filepath.Glob(filepath.Join(dir, "initdb-*", "PG_VERSION")); len(begun) > 0 {
				return
			}
		}
	}()
	if _, err := Start(ctx, Options{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Fatalf("error = %v, want it to be canceled", err)
	}
	if exists(filepath.Join(dir, "data")) {
		t.Error("half of the data are there")
	}
	start(t, Options{Dir: dir})
}

// busySession returns the process id of a session that never idles, and so doesn't
// notice what happens to the server.
func busySession(t *testing.T, s *Server) int {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), s.URL("postgres"))
	check(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = conn.Exec(context.Background(), "DO $$ BEGIN LOOP END LOOP; END $$").Close()
	}()
	t.Cleanup(func() { <-ended })
	pid := int(conn.PID())
	eventually(t, "the session is at work", func() bool {
		return query(t, s.URL("postgres"), fmt.Sprintf("SELECT state FROM pg_stat_activity WHERE pid = %d", pid)) == "active"
	})
	return pid
}

// otherPid writes a postmaster.pid with the id of a process that is no server but
// runs as the same user, as after a restart of the machine.
func otherPid(t *testing.T, data string) {
	t.Helper()
	user, err := serverUser(data)
	check(t, err)
	other := user.command(context.Background(), "sleep", "600")
	check(t, other.Start())
	t.Cleanup(func() { check(t, other.Process.Kill()); _ = other.Wait() })
	text := fmt.Sprintf("%d\n%s\n1700000000\n1\n\n127.0.0.1\n 1 1\nready   \n", other.Process.Pid, data)
	check(t, os.WriteFile(pidFile(data), []byte(text), 0o600))
	check(t, user.chown(pidFile(data)))
}
