package cli_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
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

// TestMigrate runs scripts with an empty database at EMPTY, a migrated one at
// MIGRATED, one that has a table which no migration has made at FOREIGN, and the
// project's migrations in the folder MIGRATIONS. At GONE there is none.
func TestMigrate(t *testing.T) {
	t.Parallel()
	programs := needPrograms(t)
	migrations, err := filepath.Abs("../../ent/migrate/migrations")
	check(t, err)
	example, err := filepath.Abs("testdata/project")
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
			env.Vars = append(env.Vars, gitEnv...)
			env.Setenv(raceEnv, raceValue)
			env.Setenv("COMMITMENT_POSTGRES_BIN", programs)
			env.Setenv("MIGRATIONS", migrations)
			env.Setenv("PROJECT", example)
			env.Setenv("EMPTY", pgtest.EmptyURL(tb))
			env.Setenv("MIGRATED", pgtest.URL(tb))
			env.Setenv("FOREIGN", foreign)
			env.Setenv("GONE", foreign+"&dbname=gone")
			return err
		},
	})
}

// gitEnv lets git commit, whatever is configured on the machine.
var gitEnv = []string{
	"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
	"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
}

var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits": exits, "json": jsonValue, "project": project, "reader": reader, "sql": execSQL,
}
