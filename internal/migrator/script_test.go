package migrator_test

import (
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"commitment/internal/cli/clitest"
	"commitment/internal/migrator"
	"commitment/internal/migrator/migratortest"
)

// TestMain puts the command on the PATH of the tests: a copy of the test binary
// that, under the name of migrate, is the command.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"migrate": clitest.Program("migrate", migrator.Run)})
}

// TestCommandLine runs scripts that need no database.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/command",
		Cmds:                clitest.Commands(),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, clitest.NoRaceSleep, "MODULE="+module(t))
			return nil
		},
	})
}

// TestMigrate runs scripts with databases, and the project's migrations in the folder
// MIGRATIONS.
func TestMigrate(t *testing.T) {
	t.Parallel()
	migrations, err := filepath.Abs("../../ent/migrate/migrations")
	if err != nil {
		t.Fatal(err)
	}
	example, err := filepath.Abs("testdata/project")
	if err != nil {
		t.Fatal(err)
	}
	commands := clitest.Commands()
	commands["project"] = project
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	clitest.WithDatabases(t, "testdata/migrate", commands, func(env *testscript.Env) error {
		env.Vars = append(env.Vars, migratortest.GitEnv()...)
		env.Setenv("MIGRATIONS", migrations)
		env.Setenv("PROJECT", example)
		env.Setenv("ROOT", root)
		env.Setenv("MODULE", module(t))
		// The go command compiles what loads entities, and keeps it for the next time.
		for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOFLAGS"} {
			env.Setenv(name, goEnv(t, name))
		}
		return nil
	})
}

// module returns the module that the command is built from.
func module(t *testing.T) string {
	t.Helper()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("the test has no build information")
	}
	return info.Main.Path
}

// goEnv returns a setting of the go command.
func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// project makes a project whose branch "main" has one migration, which makes the
// table products, and changes to the branch "topic".
func project(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: project")
	}
	for _, line := range [][]string{
		{"mkdir", "-p", "ent/migrate"},
		{"cp", "-R", ts.Getenv("PROJECT"), "ent/migrate/migrations"},
		{"migrate", "hash"},
		{"git", "init", "--quiet", "--initial-branch=main"},
		{"git", "add", "ent"},
		{"git", "commit", "--quiet", "--message=products"},
		{"git", "checkout", "--quiet", "-b", "topic"},
	} {
		ts.Check(ts.Exec(line[0], line[1:]...))
	}
}
