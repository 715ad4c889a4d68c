// Package clitest runs commands in tests: as programs on a script's PATH, with
// databases to work on.
package clitest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"commitment/internal/cli"
	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

// NoRaceSleep is an environment variable without which a process under the race
// detector sleeps for a second before it exits.
const NoRaceSleep = "GORACE=atexit_sleep_ms=0"

// Program returns the main function of a program, for a process of its own.
func Program(name string, run func(context.Context, []string, cli.System) error) func() {
	return func() {
		err := run(context.Background(), os.Args[1:], cli.System{Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
		if err != nil {
			fmt.Fprintln(os.Stderr, name+":", err)
		}
		os.Exit(cli.ExitCode(err)) //nolint:forbidigo // This is main, in a process of its own.
	}
}

// A Command is a command of a script.
type Command = func(ts *testscript.TestScript, neg bool, args []string)

// Commands returns the commands for scripts: exits, json, reader and sql.
func Commands() map[string]Command {
	return map[string]Command{"exits": exits, "json": jsonValue, "reader": reader, "sql": execSQL}
}

// WithDatabases runs the scripts in dir with the URL of an empty database in EMPTY, of
// a migrated one in MIGRATED, of one with a table that no migration made in FOREIGN,
// and of one that doesn't exist in GONE. FILES is the number of the project's migrations,
// and FIRST the version of the oldest; the condition several-migrations holds when there
// are at least two. Setup may add more.
func WithDatabases(t *testing.T, dir string, commands map[string]Command, setup func(*testscript.Env) error) {
	t.Helper()
	programs := pgtest.Programs(t).Dir
	migrations, err := migration.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	files, err := migrations.Files()
	if err != nil || len(files) == 0 {
		t.Fatalf("%d migrations, %v, want some", len(files), err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		Cmds:                commands,
		RequireExplicitExec: true,
		WorkdirRoot:         pgtest.ReachableDir(t),
		Condition: func(name string) (bool, error) {
			if name != "several-migrations" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return len(files) > 1, nil
		},
		Setup: func(env *testscript.Env) error {
			tb := env.T().(testing.TB)
			foreign := pgtest.EmptyURL(tb)
			env.Vars = append(env.Vars, NoRaceSleep)
			env.Setenv("COMMITMENT_POSTGRES_BIN", programs)
			env.Setenv("EMPTY", pgtest.EmptyURL(tb))
			env.Setenv("MIGRATED", pgtest.OwnerURL(tb))
			env.Setenv("FOREIGN", foreign)
			env.Setenv("GONE", foreign+"&dbname=gone")
			env.Setenv("FILES", strconv.Itoa(len(files)))
			env.Setenv("FIRST", files[0].Version())
			if _, err := pgtest.Open(tb, foreign).ExecContext(tb.Context(), "CREATE TABLE strangers ()"); err != nil {
				return err
			}
			return setup(env)
		},
	})
}

// exits runs a program and checks its exit code, as in
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

// jsonValue matches a value in a JSON file with a pattern, as in
//
//	json stdout files.0.name '^2026'
//
// A list stands for the number of its elements.
func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: json FILE PATH PATTERN")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &value))
	for key := range strings.SplitSeq(args[1], ".") {
		value = member(ts, value, key)
	}
	if list, ok := value.([]any); ok {
		value = len(list)
	}
	got, err := json.Marshal(value)
	ts.Check(err)
	if text := strings.Trim(string(got), `"`); !regexp.MustCompile(args[2]).MatchString(text) {
		ts.Fatalf("%s = %s, want a match of %s", args[1], text, args[2])
	}
}

func member(ts *testscript.TestScript, value any, key string) any {
	switch v := value.(type) {
	case map[string]any:
		if member, ok := v[key]; ok {
			return member
		}
	case []any:
		if i, err := strconv.Atoi(key); err == nil && i < len(v) {
			return v[i]
		}
	}
	ts.Fatalf("there is no %s in %v", key, value)
	return nil
}

// execSQL runs one statement, as in
//
//	sql $EMPTY 'CREATE TABLE t ()'
func execSQL(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] sql URL STATEMENT")
	}
	err := execOn(args[0], args[1])
	if neg && err == nil {
		ts.Fatalf("%s succeeded, want an error", args[1])
	}
	if !neg {
		ts.Check(err)
	}
}

// reader creates a role that may connect to a database and nothing else, and sets a
// variable to its URL, as in
//
//	reader READER $MIGRATED
func reader(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: reader VARIABLE URL")
	}
	u, err := url.Parse(args[1])
	ts.Check(err)
	role := pgx.Identifier{"reader_" + strings.ToLower(rand.Text())}.Sanitize()
	password := rand.Text()
	ts.Check(execOn(args[1], "CREATE ROLE "+role+" LOGIN PASSWORD '"+password+"'"))
	ts.Defer(func() { ts.Check(execOn(args[1], "DROP ROLE "+role)) })
	u.User = url.UserPassword(strings.Trim(role, `"`), password)
	ts.Setenv(args[0], u.String())
}

func execOn(database, statement string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
