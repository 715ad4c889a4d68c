package pgserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// major returns the major version of the data, or 0 if there are none.
func (f serverDir) major() int {
	text, err := os.ReadFile(filepath.Join(f.data(), "PG_VERSION"))
	if err != nil {
		return 0
	}
	return leadingNumber(strings.TrimSpace(string(text)))
}

// initialize runs initdb if there are no data, and else checks that programs can serve
// them.
func (f serverDir) initialize(ctx context.Context, programs Programs, say func(string, ...any)) error {
	if _, err := os.Stat(f.data()); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, f.checkVersion(programs))
	}
	say("creating %s", f.data())
	if err := f.writePassword(); err != nil {
		return fmt.Errorf("write the password: %w", err)
	}
	fresh, err := f.freshData()
	if err != nil {
		return fmt.Errorf("create the data directory: %w", err)
	}
	if err := f.initdb(ctx, programs, fresh); err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	if err := os.Rename(fresh, f.data()); err != nil {
		return fmt.Errorf("move the data directory into place: %w", err)
	}
	return nil
}

func (f serverDir) checkVersion(programs Programs) error {
	switch major := f.major(); major {
	case programs.major():
		return nil
	case 0:
		return fmt.Errorf("%s is not a PostgreSQL data directory: move it away to start with an empty database", f.data())
	default:
		return fmt.Errorf("the data in %s are from PostgreSQL %d, but the programs in %s are PostgreSQL %s: "+
			"install PostgreSQL %[2]d and set COMMITMENT_POSTGRES_BIN to its programs, or move %[1]s away to start with an empty database",
			f.data(), major, programs.Dir, programs.Version)
	}
}

func (f serverDir) writePassword() error {
	if err := os.WriteFile(f.password(), []byte(rand.Text()+"\n"), 0o600); err != nil {
		return err
	}
	return f.user.chown(f.password())
}

// freshData creates an empty directory for initdb, which is renamed to the data
// directory when initdb is done: what a killed initdb leaves behind is never mistaken
// for data. Each has a name of its own, because that initdb may still be running.
func (f serverDir) freshData() (string, error) {
	leftovers, _ := filepath.Glob(filepath.Join(f.dir, "initdb-*")) // fails only for a malformed pattern
	for _, leftover := range leftovers {
		_ = os.RemoveAll(leftover)
	}
	fresh, err := os.MkdirTemp(f.dir, "initdb-")
	if err != nil {
		return "", err
	}
	return fresh, f.user.chown(fresh)
}

// initdb requires a password even on loopback: other users of the machine can connect
// to it, too.
func (f serverDir) initdb(ctx context.Context, programs Programs, data string) error {
	args := []string{"-D", data, "-U", superuser, "--encoding=UTF8", "--auth=scram-sha-256", "--pwfile=" + f.password()}
	args = append(args, locale(programs)...)
	if f.throwaway {
		args = append(args, "--no-sync")
	}
	cmd := f.user.command(ctx, filepath.Join(programs.Dir, "initdb"), args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run initdb: %w%s", errors.Join(context.Cause(ctx), err), quoteLog("initdb", out.String()))
	}
	return nil
}

// locale returns the arguments for a sort order that is the same on every machine: by
// code point, and if the server has the builtin provider, with Unicode's case mapping.
func locale(programs Programs) []string {
	if programs.major() >= 17 {
		return []string{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}
	}
	return []string{"--locale=C"}
}
