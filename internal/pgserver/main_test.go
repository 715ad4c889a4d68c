package pgserver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ownerEnv makes the test binary a process that runs a server on the directory that it
// names, until its standard input ends.
const ownerEnv = "PGSERVER_TEST_OWNER"

func TestMain(m *testing.M) {
	run := func() error { return runTests(m) }
	if dir, isOwner := os.LookupEnv(ownerEnv); isOwner {
		run = func() error { return ownUntilTold(dir) }
	}
	if err := run(); err != nil {
		panic(err)
	}
}

// runTests gives the tests a directory for temporary files, because the library that
// downloads leaves some behind.
func runTests(m *testing.M) (err error) {
	dir, err := os.MkdirTemp("", "pgserver-test-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := errors.Join(os.Chmod(dir, 0o711), os.Setenv("TMPDIR", dir)); err != nil {
		return err
	}
	m.Run() // Its result is the process's, once TestMain returns.
	return nil
}

// report is what such a process reports about its server.
type report struct {
	Dir, URL      string
	Joined        bool
	Pid, Watchdog int
}

func ownUntilTold(dir string) error {
	s, err := Start(context.Background(), Options{Dir: dir})
	if err != nil {
		return err
	}
	r := report{URL: s.URL("postgres"), Joined: s.Joined(), Pid: s.Pid()}
	if !s.Joined() {
		r.Dir, r.Watchdog = s.claim.dir.dir, s.claim.watchdog.cmd.Process.Pid
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return s.Stop(context.Background())
}

// anotherProcess starts a server on dir in another process, or a throwaway one if dir
// is empty. Closing stdin stops the server and ends the process.
func anotherProcess(t *testing.T, dir string) (r report, cmd *exec.Cmd, stdin io.Closer) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), ownerEnv+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	check(t, json.NewDecoder(bufio.NewReader(out)).Decode(&r))
	return r, cmd, in
}

// needPrograms skips a test if no PostgreSQL is installed, or fails it when CI is set.
func needPrograms(t *testing.T) Programs {
	t.Helper()
	p, err := Find("")
	switch {
	case err == nil:
		return p
	case os.Getenv("CI") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return p
}

// start starts a server that ends with the test at the latest.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	needPrograms(t)
	s, err := Start(t.Context(), o)
	check(t, err)
	t.Cleanup(func() { check(t, s.Stop(context.Background())) })
	return s
}

// query returns the only value of a statement's result.
func query(t *testing.T, url, statement string) string {
	t.Helper()
	return string(execute(t, url, statement)[0].Rows[0][0])
}

func execute(t *testing.T, url, statement string) []*pgconn.Result {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), url)
	check(t, err)
	defer func() { check(t, conn.Close(context.Background())) }()
	results, err := conn.Exec(t.Context(), statement).ReadAll()
	check(t, err)
	return results
}

// running returns the processes of the machine that haven't ended.
func running(t *testing.T) []int {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "pid=,stat=").Output()
	if err != nil {
		t.Skipf("list processes: %v", err)
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		var pid int
		var state string
		_, err := fmt.Sscan(line, &pid, &state)
		check(t, err)
		if state[0] != 'Z' {
			pids = append(pids, pid)
		}
	}
	return pids
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for a condition, for as long as a loaded machine may need.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !condition() {
		if !pause(ctx) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
