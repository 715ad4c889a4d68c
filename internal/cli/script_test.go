package cli_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"commitment/internal/pgtest"
)

// TestCommandLine runs scripts that need no database.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	services := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(services.Close)
	failing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(failing.Close)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/command",
		Cmds:                commands,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			_, port, err := net.SplitHostPort(services.Listener.Addr().String())
			env.Setenv(raceEnv, raceValue)
			env.Setenv("PORT", port)
			env.Setenv("FAILING", failing.Listener.Addr().String())
			return err
		},
	})
}

// TestMigrate runs scripts with an empty database at EMPTY, one that has a
// table which no migration has made at FOREIGN, and the project's migrations in
// the folder MIGRATIONS.
func TestMigrate(t *testing.T) {
	t.Parallel()
	programs := needPrograms(t)
	migrations, err := filepath.Abs("../../ent/migrate/migrations")
	check(t, err)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/migrate",
		Cmds:                commands,
		RequireExplicitExec: true,
		WorkdirRoot:         reachableDir(t),
		Setup: func(env *testscript.Env) error {
			tb := env.T().(testing.TB)
			foreign := pgtest.EmptyURL(tb)
			_, err := pgtest.Open(tb, foreign).ExecContext(tb.Context(), "CREATE TABLE strangers ()")
			env.Setenv(raceEnv, raceValue)
			env.Setenv("COMMITMENT_POSTGRES_BIN", programs)
			env.Setenv("MIGRATIONS", migrations)
			env.Setenv("EMPTY", pgtest.EmptyURL(tb))
			env.Setenv("FOREIGN", foreign)
			return err
		},
	})
}

var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits}

// exits runs a program and compares its exit code, as in
//
//	exits 2 commitment nonsense
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT...]")
	}
	got, err := 0, ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("exit code of %s = %d, want %s", strings.Join(args[1:], " "), got, want)
	}
}
