package cli_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

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

// jsonValue compares a value in a file of JSON with a pattern, as in
//
//	json stdout files.0.name '^2026'
//
// A list is the number of its elements.
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

// project makes a project whose branch "main" has one migration, which makes the
// table accounts, and changes to the branch "topic".
func project(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: project")
	}
	for _, line := range [][]string{
		{"mkdir", "-p", "ent/migrate"},
		{"cp", "-R", ts.Getenv("PROJECT"), "ent/migrate/migrations"},
		{"commitment", "migrate", "hash"},
		{"git", "init", "--quiet", "--initial-branch=main"},
		{"git", "add", "ent"},
		{"git", "commit", "--quiet", "--message=accounts"},
		{"git", "checkout", "--quiet", "-b", "topic"},
	} {
		ts.Check(ts.Exec(line[0], line[1:]...))
	}
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
		ts.Fatalf("%s has run", args[1])
	}
	if !neg {
		ts.Check(err)
	}
}

// reader makes a role that may connect to a database and nothing else, and sets a
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
