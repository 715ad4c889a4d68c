package cli_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"commitment/internal/cli/clitest"

	"github.com/rogpeppe/go-internal/testscript"
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
		Cmds:                clitest.Commands(),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			_, port, err := net.SplitHostPort(services.Listener.Addr().String())
			env.Vars = append(env.Vars, clitest.NoRaceSleep)
			env.Setenv("PORT", port)
			env.Setenv("FAILING", failing.Listener.Addr().String())
			return err
		},
	})
}

// TestMigrate runs scripts that need databases.
func TestMigrate(t *testing.T) {
	t.Parallel()
	clitest.WithDatabases(t, "testdata/migrate", clitest.Commands(), func(*testscript.Env) error { return nil })
}

// TestJobs runs the scripts of jobs.
func TestJobs(t *testing.T) {
	t.Parallel()
	clitest.WithDatabases(t, "testdata/jobs", clitest.Commands(), func(*testscript.Env) error { return nil })
}

// TestKeys runs the scripts of API keys.
func TestKeys(t *testing.T) {
	t.Parallel()
	clitest.WithDatabases(t, "testdata/keys", clitest.Commands(), func(*testscript.Env) error { return nil })
}
