package pgserver

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
)

// TestOwner gives one directory to several processes in turn.
func TestOwner(t *testing.T) {
	t.Parallel()
	needPrograms(t)
	dir := reachableDir(t)
	data := filepath.Join(dir, "data")
	s := start(t, Options{Dir: dir})
	createLog(t, s)
	write(t, s, "first")
	check(t, s.Stop(t.Context()))

	t.Run("takes over a server whose owner and watchdog were killed", func(t *testing.T) {
		r, owner, _ := anotherProcess(t, dir)
		check(t, syscall.Kill(r.Watchdog, syscall.SIGKILL))
		check(t, owner.Process.Kill())
		_ = owner.Wait()
		if !isPostmaster(r.Pid, data) {
			t.Fatal("the server ended, want an orphan")
		}
		s := start(t, Options{Dir: dir})
		if s.Joined() || s.Pid() == r.Pid || isPostmaster(r.Pid, data) {
			t.Errorf("Joined() = %t, Pid() = %d, want a server other than %d", s.Joined(), s.Pid(), r.Pid)
		}
		if got := written(t, s); got != "first" {
			t.Errorf("log = %q, want first", got)
		}
	})
	t.Run("ends with its killed owner", func(t *testing.T) {
		r, owner, _ := anotherProcess(t, dir)
		check(t, owner.Process.Kill())
		eventually(t, "the server ends", func() bool { return !isPostmaster(r.Pid, data) })
		if !exists(data) {
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

// TestTogether starts several servers on one directory at once.
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
