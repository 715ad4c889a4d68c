package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// reachableDir is a folder that the account of a server can reach.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	check(t, os.Chmod(filepath.Dir(dir), 0o711))
	account, err := serverAccount(dir)
	check(t, err)
	if !account.reaches(dir) {
		t.Skipf("user %s can't reach %s", account.name, dir)
	}
	return dir
}

// TestKept lets one folder go through everything that data must survive.
func TestKept(t *testing.T) {
	t.Parallel()
	needPrograms(t)
	dir := filepath.Join(reachableDir(t), "project", "server")
	written := func(s *Server) string {
		return query(t, s.URL("postgres"), "SELECT coalesce(string_agg(what, ',' ORDER BY n), '') FROM log")
	}
	write := func(s *Server, what string) {
		execute(t, s.URL("postgres"), fmt.Sprintf("INSERT INTO log (what) VALUES ('%s')", what))
	}

	t.Run("starts empty after an initdb that was cut off", func(t *testing.T) {
		half := filepath.Join(dir, "initdb-1", "base")
		check(t, os.MkdirAll(half, 0o755))
		s := start(t, Options{Dir: dir})
		execute(t, s.URL("postgres"), "CREATE TABLE log (n bigint GENERATED ALWAYS AS IDENTITY, what text)")
		write(s, "first")
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
		if got := written(s); got != "first" {
			t.Errorf("log = %q, want first", got)
		}
		write(s, "second")
		check(t, s.Kill())
	})
	t.Run("keeps the data over a kill", func(t *testing.T) {
		s := start(t, Options{Dir: dir})
		if got := written(s); got != "first,second" {
			t.Errorf("log = %q, want first,second", got)
		}
	})
	t.Run("kills sessions at work too", func(t *testing.T) {
		s := start(t, Options{Dir: dir})
		busy := busySession(t, s)
		check(t, s.Kill())
		eventually(t, "the session's process ends", func() bool { return !slices.Contains(running(t), busy) })
	})
	t.Run("is not stopped by a stranger with the old process id", func(t *testing.T) {
		strangersPid(t, filepath.Join(dir, "data"))
		s := start(t, Options{Dir: dir})
		if got := written(s); got != "first,second" {
			t.Errorf("log = %q, want first,second", got)
		}
	})
	t.Run("is not stopped by a postmaster.pid that was cut short", func(t *testing.T) {
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
	t.Run("names both versions when the data are of another one", func(t *testing.T) {
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
	t.Run("takes over a server whose owner and watchdog were killed", func(t *testing.T) {
		r, owner, _ := anotherProcess(t, dir)
		check(t, syscall.Kill(r.Watchdog, syscall.SIGKILL))
		check(t, owner.Process.Kill())
		_ = owner.Wait()
		if !isPostmaster(r.Pid, filepath.Join(dir, "data")) {
			t.Fatal("the server ended, want an orphan")
		}
		s := start(t, Options{Dir: dir})
		if s.Joined() || s.Pid() == r.Pid || isPostmaster(r.Pid, filepath.Join(dir, "data")) {
			t.Errorf("Joined() = %t, Pid() = %d, want a server other than %d", s.Joined(), s.Pid(), r.Pid)
		}
		if got := written(s); got != "first,second" {
			t.Errorf("log = %q, want first,second", got)
		}
	})
	t.Run("ends with its killed owner", func(t *testing.T) {
		r, owner, _ := anotherProcess(t, dir)
		check(t, owner.Process.Kill())
		eventually(t, "the server ends", func() bool { return !isPostmaster(r.Pid, filepath.Join(dir, "data")) })
		if !exists(filepath.Join(dir, "data")) {
			t.Error("the data are gone")
		}
	})
	t.Run("is joined by another process", func(t *testing.T) { testJoin(t, dir) })
}

func testJoin(t *testing.T, dir string) {
	t.Helper()
	r, owner, stdin := anotherProcess(t, dir)
	if r.Joined {
		t.Fatal("the other process joined, want it to own the server")
	}
	passing, err := Start(t.Context(), Options{Dir: dir})
	check(t, err)
	if !passing.Joined() || passing.Pid() != r.Pid || passing.URL("postgres") != r.URL {
		t.Errorf("Joined() = %t, Pid() = %d, want the server %d of the other process", passing.Joined(), passing.Pid(), r.Pid)
	}
	if err := passing.Kill(); err == nil {
		t.Error("Kill() = nil, want an error")
	}
	check(t, passing.Stop(t.Context()))
	check(t, passing.Stop(t.Context()))
	<-passing.Done()

	staying := start(t, Options{Dir: dir})
	query(t, staying.URL("postgres"), "SELECT 'still answers'")
	check(t, stdin.Close())
	check(t, owner.Wait())
	<-staying.Done()
}

// TestTogether starts several servers on one folder at once.
func TestTogether(t *testing.T) {
	t.Parallel()
	needPrograms(t)
	dir := reachableDir(t)
	type result struct {
		server *Server
		err    error
	}
	results := make(chan result)
	for range 4 {
		go func() {
			s, err := Start(t.Context(), Options{Dir: dir})
			results <- result{s, err}
		}()
	}
	owners, pids := 0, map[int]bool{}
	for range 4 {
		r := <-results
		check(t, r.err)
		t.Cleanup(func() { check(t, r.server.Stop(context.Background())) })
		pids[r.server.Pid()] = true
		if !r.server.Joined() {
			owners++
		}
	}
	if owners != 1 || len(pids) != 1 {
		t.Errorf("owners = %d, servers = %d, want 1 and 1", owners, len(pids))
	}
}

// TestCanceledStart cuts initdb off in the middle.
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

// busySession returns the process id of a session that is at work without end,
// and so notices nothing of what happens to the server.
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

// strangersPid has postmaster.pid name a process that is no server, but runs as
// the same user, as after a restart of the machine.
func strangersPid(t *testing.T, data string) {
	t.Helper()
	account, err := serverAccount(data)
	check(t, err)
	stranger := account.command(context.Background(), "sleep", "600")
	check(t, stranger.Start())
	t.Cleanup(func() { check(t, stranger.Process.Kill()); _ = stranger.Wait() })
	text := fmt.Sprintf("%d\n%s\n1700000000\n1\n\n127.0.0.1\n 1 1\nready   \n", stranger.Process.Pid, data)
	check(t, os.WriteFile(pidFile(data), []byte(text), 0o600))
	check(t, account.give(pidFile(data)))
}
