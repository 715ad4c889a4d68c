package cli_test

import (
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"commitment/internal/cli"
	"commitment/internal/cli/clitest"
)

// TestMain puts the command on the PATH of the tests: a copy of the test binary
// that, under the name of commitment, is the command.
func TestMain(m *testing.M) {
	run := clitest.Program("commitment", cli.Run)
	testscript.Main(m, map[string]func(){"commitment": func() {
		if os.Getenv(lifelineEnv) != "" {
			go dieWith(os.Stdin)
		}
		run()
	}})
}

// lifelineEnv says that the test holds the command's standard input open while it
// lives, so that no command outlives a test that was killed.
const lifelineEnv = "CLI_TEST_LIFELINE"

// dieWith kills the process when the lifeline ends.
func dieWith(lifeline io.Reader) {
	_, _ = io.Copy(io.Discard, lifeline)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
