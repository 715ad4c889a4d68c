package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"commitment/internal/cli"
	"commitment/internal/pgserver"
)

// TestMain puts the command on the PATH of the tests: a copy of the test binary
// that, under the name of commitment, is the command.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"commitment": commitment})
}

// lifelineEnv says that the command's standard input is held open by the test
// for as long as it lives, so that none outlives a test that was killed.
const lifelineEnv = "CLI_TEST_LIFELINE"

// The race detector has a process sleep for a second before it ends, unless its
// environment says otherwise.
const (
	raceEnv   = "GORACE"
	raceValue = "atexit_sleep_ms=0"
)

// commitment is what cmd/commitment is.
func commitment() {
	if os.Getenv(lifelineEnv) != "" {
		go dieWith(os.Stdin)
	}
	err := cli.Run(context.Background(), os.Args[1:], cli.System{
		Environ: os.Environ(),
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "commitment:", err)
	}
	os.Exit(cli.ExitCode(err)) //nolint:forbidigo // This is main, in a process of its own.
}

// dieWith ends the process when the lifeline does, as SIGKILL would.
func dieWith(lifeline io.Reader) {
	_, _ = io.Copy(io.Discard, lifeline)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// needPrograms returns the directory of PostgreSQL's programs. Where there are
// none it skips the test, or fails it when CI is set.
func needPrograms(tb testing.TB) string {
	tb.Helper()
	p, err := pgserver.Find("")
	if errors.Is(err, pgserver.ErrNotFound) && os.Getenv("CI") == "" {
		tb.Skip(err)
	}
	check(tb, err)
	return p.Dir
}

// reachableDir returns an empty folder that other users may pass through: as
// root, PostgreSQL runs as one of them.
func reachableDir(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	check(tb, os.Chmod(filepath.Dir(dir), 0o711))
	return dir
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// eventually waits for a condition, for as long as a loaded machine may need.
func eventually(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			tb.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}
