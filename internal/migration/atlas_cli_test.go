package migration_test

import (
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

// atlasCLI is a project that is migrated by the Atlas CLI and by this package.
type atlasCLI struct {
	path string
	dir  *migrate.LocalDir
	url  string // of an empty database, in whose schema public both work
}

// newAtlasCLI puts files into a directory, with their sums. It skips the test
// without a CLI.
func newAtlasCLI(t *testing.T, namesAndContents ...string) *atlasCLI {
	t.Helper()
	path := os.Getenv("ATLAS_CLI")
	if path == "" {
		t.Skip("this test needs the Atlas CLI: ATLAS_CLI has to be the path of a community build")
	}
	dir, err := migrate.NewLocalDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &atlasCLI{path: path, dir: dir, url: withSetting(t, pgtest.EmptyURL(t), "search_path", "public")}
	for i := 0; i < len(namesAndContents); i += 2 {
		c.write(t, namesAndContents[i], namesAndContents[i+1])
	}
	c.hash(t)
	return c
}

func (c *atlasCLI) write(t *testing.T, name, content string) {
	t.Helper()
	if err := c.dir.WriteFile(name, []byte(content)); err != nil {
		t.Fatal(err)
	}
}

// hash writes atlas.sum as this project does.
func (c *atlasCLI) hash(t *testing.T) {
	t.Helper()
	sum, err := c.dir.Checksum()
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate.WriteSumFile(c.dir, sum); err != nil {
		t.Fatal(err)
	}
}

func (c *atlasCLI) sum(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir.Path(), migrate.HashFileName))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// try runs "atlas migrate" and returns what it prints. The error is of its exit
// code.
func (c *atlasCLI) try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	args = append([]string{"migrate"}, append(args, "--dir", "file://"+c.dir.Path())...)
	cmd := osexec.CommandContext(t.Context(), c.path, args...)
	cmd.Dir = t.TempDir() // without an atlas.hcl
	cmd.Env = append(os.Environ(), "ATLAS_NO_UPDATE_NOTIFIER=1", "ATLAS_NO_ANON_TELEMETRY=1")
	out, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*osexec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out), err
}

// wants runs a command that is to succeed and to print a text.
func (c *atlasCLI) wants(t *testing.T, text string, args ...string) {
	t.Helper()
	out, err := c.try(t, args...)
	if err != nil || !strings.Contains(out, text) {
		t.Errorf("atlas migrate %s: error = %v, want none and %q in\n%s", args[0], err, text, out)
	}
}

// refuses runs a command that is to fail and to print a text.
func (c *atlasCLI) refuses(t *testing.T, text string, args ...string) {
	t.Helper()
	out, err := c.try(t, args...)
	if err == nil || !strings.Contains(out, text) {
		t.Errorf("atlas migrate %s: error = %v, want one and %q in\n%s", args[0], err, text, out)
	}
}

// revisionsOf are the revisions with what their failures left.
const revisionsOf = `SELECT concat_ws(' ', version, description, type, applied, total, coalesce(error, ''), hash) FROM atlas_schema_revisions ORDER BY version`

func TestAtlasCLI(t *testing.T) {
	t.Parallel()

	t.Run("finds nothing to do after Apply, beside the snapshot of the schema", func(t *testing.T) {
		t.Parallel()
		c := newAtlasCLI(t, "1_a.sql", createA, "2_b.sql", createB)
		db := pgtest.Open(t, c.url)
		apply(t, db, c.dir)
		if got := queryStrings(t, db, "SELECT version FROM commitment.schema_snapshots"); !cmp.Equal(got, []string{"2"}) {
			t.Fatalf("snapshots = %v, want [2]", got)
		}
		c.wants(t, "Migration Status: OK", "status", "--url", c.url)
		c.wants(t, "No migration files to execute", "apply", "--url", c.url)
		c.write(t, "3_c.sql", "CREATE TABLE c (id int);\n")
		c.hash(t)
		c.wants(t, "1 migration", "apply", "--url", c.url)
		if revs := apply(t, db, c.dir); len(revs) != 0 {
			t.Errorf("applied then = %v, want none", versions(revs))
		}
	})

	t.Run("leaves nothing to do for Apply, and the same revisions", func(t *testing.T) {
		t.Parallel()
		c := newAtlasCLI(t, "1_a.sql", createA, "2_b.sql", createB)
		c.wants(t, "2 migrations", "apply", "--url", c.url)
		db, ours := pgtest.Open(t, c.url), emptyDB(t)
		status, err := migration.ReadStatus(t.Context(), db, c.dir)
		if err != nil || !status.UpToDate() {
			t.Errorf("status = %+v, %v, want up to date", status, err)
		}
		if revs := apply(t, db, c.dir); len(revs) != 0 {
			t.Errorf("applied = %v, want none", versions(revs))
		}
		apply(t, ours, c.dir)
		if diff := cmp.Diff(queryStrings(t, db, revisionsOf), queryStrings(t, ours, revisionsOf)); diff != "" {
			t.Errorf("revisions (-atlas +ours):\n%s", diff)
		}
	})

	t.Run("waits for the lock that Apply takes", func(t *testing.T) {
		t.Parallel()
		c := newAtlasCLI(t, "1_a.sql", createA)
		atlasLock(t, c.url)
		c.refuses(t, "acquiring database lock", "apply", "--url", c.url, "--lock-timeout", "1ms")
	})
}

func TestAtlasCLIResumes(t *testing.T) {
	t.Parallel()
	project := func(t *testing.T) *atlasCLI {
		t.Helper()
		return newAtlasCLI(t, "1_a.sql", createA+"INSERT INTO a VALUES (-1);\n",
			"2_b.sql", none+createB+"ALTER TABLE a ADD CONSTRAINT positive CHECK (id > 0);\n")
	}
	// half is what a second file that stopped at its second statement has applied.
	const half = "SELECT applied || ' of ' || total FROM atlas_schema_revisions WHERE version = '2' AND error LIKE '%positive%'"
	stopped := func(t *testing.T, c *atlasCLI) {
		t.Helper()
		db := pgtest.Open(t, c.url)
		if diff := cmp.Diff([]string{"1 of 2"}, queryStrings(t, db, half)); diff != "" {
			t.Fatalf("stopped after (-want +got):\n%s", diff)
		}
		exec(t, db, "DELETE FROM a")
	}
	whole := func(t *testing.T, c *atlasCLI) {
		t.Helper()
		got := queryStrings(t, pgtest.Open(t, c.url), "SELECT concat_ws(' ', applied, total, error, error_stmt) FROM atlas_schema_revisions WHERE version = '2'")
		if diff := cmp.Diff([]string{"2 2"}, []string{strings.TrimSpace(strings.Join(got, "\n"))}); diff != "" {
			t.Errorf("applied, total and error (-want +got):\n%s", diff)
		}
		c.wants(t, "Migration Status: OK", "status", "--url", c.url)
	}

	t.Run("at the statement at which Apply stopped", func(t *testing.T) {
		t.Parallel()
		c := project(t)
		if _, err := migration.Apply(t.Context(), pgtest.Open(t, c.url), c.dir, migration.ApplyOptions{}); err == nil {
			t.Fatal("error = nil, want one")
		}
		stopped(t, c)
		c.wants(t, "1 sql statement", "apply", "--url", c.url)
		whole(t, c)
	})

	t.Run("where Apply goes on after the CLI stopped", func(t *testing.T) {
		t.Parallel()
		c := project(t)
		c.refuses(t, "positive", "apply", "--url", c.url)
		stopped(t, c)
		if revs := apply(t, pgtest.Open(t, c.url), c.dir); len(revs) != 1 || revs[0].Applied != 2 {
			t.Errorf("revisions = %+v, want one of two statements", revs)
		}
		whole(t, c)
	})
}

func TestAtlasCLIReads(t *testing.T) {
	t.Parallel()

	t.Run("the sums as they are written here", func(t *testing.T) {
		t.Parallel()
		c := newAtlasCLI(t, "1_a.sql", createA, "2_b.sql", none+createB)
		ours := c.sum(t)
		c.wants(t, "", "validate")
		c.wants(t, "", "hash")
		if diff := cmp.Diff(ours, c.sum(t)); diff != "" {
			t.Errorf("sums (-ours +atlas):\n%s", diff)
		}
		c.write(t, "2_b.sql", createA)
		c.refuses(t, "checksum mismatch", "validate")
		if err := migration.Validate(c.dir); !errors.Is(err, migrate.ErrChecksumMismatch) {
			t.Errorf("error = %v, want %v", err, migrate.ErrChecksumMismatch)
		}
		c.wants(t, "", "hash")
		if err := migration.Validate(c.dir); err != nil {
			t.Errorf("with the CLI's sums: %v", err)
		}
	})

	t.Run("a directive's codes, and what is said of them", func(t *testing.T) {
		t.Parallel()
		const drop = "DROP TABLE a;\n"
		c := newAtlasCLI(t, "1_a.sql", createA, "2_b.sql", drop)
		c.refuses(t, "DS102", "lint", "--latest", "1", "--dev-url", c.url)
		for _, content := range []string{
			"-- atlas:txmode none\n-- atlas:nolint DS102 reason=\"nobody reads it since 1.4\" until=2099-01-31\n\n" + drop,
			"-- atlas:nolint DS102 reason=\"nobody reads it since 1.4\" until=2099-01-31\n" + drop,
			"-- atlas:nolint destructive reason=\"nobody reads it\"\n" + drop,
		} {
			c.write(t, "2_b.sql", content)
			c.hash(t)
			if out, err := c.try(t, "lint", "--latest", "1", "--dev-url", c.url); err != nil || strings.Contains(out, "DS102") {
				t.Errorf("atlas migrate lint of %q: error = %v, want none and no DS102 in\n%s", content, err, out)
			}
			c.wants(t, "", "validate", "--dev-url", c.url)
		}
		c.wants(t, "2 migrations", "apply", "--url", c.url)
	})
}
