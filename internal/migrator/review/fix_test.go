package review

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/migrator/files"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
)

// directory is a project's folder of migrations on disk, with an atlas.sum.
func directory(t *testing.T, contents map[string]string) (root string, dir *migrate.LocalDir) {
	t.Helper()
	root = t.TempDir()
	path := filepath.Join(root, "ent", "migrations")
	if err := os.MkdirAll(path, 0o750); err != nil {
		t.Fatal(err)
	}
	dir, err := migrate.NewLocalDir(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range contents {
		if err := dir.WriteFile(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := files.Hash(dir); err != nil {
		t.Fatal(err)
	}
	return root, dir
}

func contentsOf(t *testing.T, dir *migrate.LocalDir) map[string]string {
	t.Helper()
	all, err := dir.Files()
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string]string{}
	for _, f := range all {
		contents[f.Name()] = string(f.Bytes())
	}
	return contents
}

// reviewed is a report on the named files in which each statement that creates an
// index has a finding with the fix for it, and each that adds a check, too.
func reviewed(t *testing.T, dir *migrate.LocalDir, only ...string) Report {
	t.Helper()
	all, err := dir.Files()
	if err != nil {
		t.Fatal(err)
	}
	r := Report{Dir: "ent/migrations"}
	for _, f := range all {
		if len(only) > 0 && !slices.Contains(only, f.Name()) {
			continue
		}
		stmts, err := f.StmtDecls()
		if err != nil {
			t.Fatal(err)
		}
		file := File{Name: f.Name()}
		for i, s := range stmts {
			line := lineAt(f, s.Pos)
			file.Statements = append(file.Statements, trace.Statement{File: f.Name(), Line: line, SQL: s.Text})
			if fix := safeForm(s.Text); fix != nil {
				file.Findings = append(file.Findings, hazard.Finding{Code: "PG101", File: f.Name(), Line: line, Statement: i + 1, Fix: fix})
			}
		}
		r.Files = append(r.Files, file)
	}
	return r
}

func safeForm(sql string) []plan.Step {
	if rest, ok := strings.CutPrefix(sql, "CREATE INDEX i"); ok {
		return []plan.Step{{SQL: "CREATE INDEX CONCURRENTLY i" + rest, Comment: "Build it without stopping writes", Alone: true}}
	}
	if strings.Contains(sql, " ADD CONSTRAINT c ") && !strings.Contains(sql, "NOT VALID") {
		return []plan.Step{
			{SQL: strings.TrimSuffix(sql, ";") + " NOT VALID;"},
			{SQL: "ALTER TABLE a VALIDATE CONSTRAINT c;", Apart: true},
		}
	}
	return nil
}

// fixTests are directories before and after they were fixed.
var fixTests = map[string]struct{ before, want map[string]string }{
	"leaves alone what needs nothing": {
		map[string]string{"20260101000000_a.sql": "CREATE TABLE a ();\n"},
		map[string]string{"20260101000000_a.sql": "CREATE TABLE a ();\n"},
	},
	"rewrites a file of one statement": {
		map[string]string{"20260101000000_a.sql": "-- Create index\nCREATE INDEX i ON a (b);\n"},
		map[string]string{
			"20260101000000_a_index.sql": "-- atlas:txmode none\n\n-- Create index\n-- Build it without stopping writes\nCREATE INDEX CONCURRENTLY i ON a (b);\n",
		},
	},
	"splits a file, and comments stay with their statements": {
		map[string]string{"20260101000000_a.sql": `-- Owners of products.
-- atlas:nolint DS103 reason="unread"

-- Add a column
ALTER TABLE a ADD b int;

-- A word on the index.

-- Create index
CREATE INDEX i ON a (b); -- behind it
/* in C */
SELECT ';'; -- the last
-- word
`},
		map[string]string{
			"20260101000000_a.sql": `-- Owners of products.
-- atlas:nolint DS103 reason="unread"

-- Add a column
ALTER TABLE a ADD b int;
`,
			"20260101000001_a_index.sql": `-- atlas:nolint DS103 reason="unread"
-- atlas:txmode none

-- A word on the index.
-- Create index
-- Build it without stopping writes
CREATE INDEX CONCURRENTLY i ON a (b);
`,
			"20260101000002_a.sql": `-- atlas:nolint DS103 reason="unread"

-- behind it
-- /* in C */
SELECT ';';
-- the last
-- word
`,
		},
	},
	"moves the files behind it out of the way": {
		map[string]string{
			"20260101000000_a.sql": "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0);\n",
			"20260101000001_b.sql": "SELECT 1;\n",
			"29990101000000_c.sql": "SELECT 2;\n",
		},
		map[string]string{
			"20260101000000_a.sql":          "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID;\n",
			"20260101000001_a_validate.sql": "ALTER TABLE a VALIDATE CONSTRAINT c;\n",
			"b.sql":                         "SELECT 1;\n",
			"29990101000000_c.sql":          "SELECT 2;\n",
		},
	},
	"keeps statements without a transaction out of one": {
		map[string]string{"20260101000000_a.sql": "-- atlas:txmode none\n\nVACUUM a;\nCREATE INDEX i ON a (b);\n"},
		map[string]string{
			"20260101000000_a.sql":       "-- atlas:txmode none\n\nVACUUM a;\n",
			"20260101000001_a_index.sql": "-- atlas:txmode none\n\n-- Build it without stopping writes\nCREATE INDEX CONCURRENTLY i ON a (b);\n",
		},
	},
	"doesn't wake a directive that had no effect": {
		map[string]string{"20260101000000_a.sql": "SELECT 1;\n-- atlas:nolint DS103\n\nCREATE INDEX i ON a (b);\n"},
		map[string]string{
			"20260101000000_a.sql":       "SELECT 1;\n",
			"20260101000001_a_index.sql": "-- atlas:txmode none\n\n-- Build it without stopping writes\nCREATE INDEX CONCURRENTLY i ON a (b);\n",
		},
	},
	"tells statements on one line apart": {
		map[string]string{"20260101000000_a.sql": "SELECT 1; ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0); SELECT 2;\n"},
		map[string]string{
			"20260101000000_a.sql":          "SELECT 1;\nALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID;\n",
			"20260101000001_a_validate.sql": "ALTER TABLE a VALIDATE CONSTRAINT c;\nSELECT 2;\n",
		},
	},
	"leaves a file with another delimiter": {
		map[string]string{"20260101000000_a.sql": "-- atlas:delimiter \\n\\n\n\nCREATE INDEX i ON a (b)\n\nSELECT 1\n"},
		map[string]string{"20260101000000_a.sql": "-- atlas:delimiter \\n\\n\n\nCREATE INDEX i ON a (b)\n\nSELECT 1\n"},
	},
}

func TestFix(t *testing.T) {
	t.Parallel()
	for name, test := range fixTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, dir := directory(t, test.before)
			r := reviewed(t, dir)
			patch, err := Patch(t.Context(), r, dir)
			if err != nil {
				t.Fatal(err)
			}
			patched := applied(t, root, patch)
			written, err := Fix(r, dir)
			if err != nil {
				t.Fatal(err)
			}
			got := contentsOf(t, dir)
			if diff := cmp.Diff(test.want, withoutVersions(got, test.want)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if changed := !maps.Equal(test.before, got); changed != (len(written) > 0) {
				t.Errorf("written = %q, and files were changed: %t", written, changed)
			}
			if err := migration.Validate(dir); err != nil {
				t.Error(err)
			}
			// Versions of the present may differ by a second.
			if diff := cmp.Diff(withoutVersions(got, test.want), withoutVersions(patched, test.want)); diff != "" {
				t.Errorf("the patch makes other files (-fixed +patched):\n%s", diff)
			}
		})
	}
}

// withoutVersions takes the version off names that aren't among want's.
func withoutVersions(contents, want map[string]string) map[string]string {
	renamed := map[string]string{}
	for name, text := range contents {
		if _, ok := want[name]; !ok {
			_, name, _ = strings.Cut(name, "_")
		}
		renamed[name] = text
	}
	return renamed
}

// applied are the files of a copy of root to which git has applied the patch.
func applied(t *testing.T, root, patch string) map[string]string {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(root)); err != nil {
		t.Fatal(err)
	}
	dir, err := migrate.NewLocalDir(filepath.Join(copied, "ent", "migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if patch != "" {
		cmd := exec.CommandContext(t.Context(), "git", "apply", "-")
		cmd.Dir = copied
		cmd.Stdin = strings.NewReader(patch)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git apply: %v: %s\n%s", err, out, patch)
		}
	}
	if err := migration.Validate(dir); err != nil {
		t.Errorf("after the patch: %v", err)
	}
	return contentsOf(t, dir)
}

func TestFixPrefersASafeFormToMovingTheStatement(t *testing.T) {
	t.Parallel()
	_, dir := directory(t, map[string]string{"20260101000000_a.sql": "SELECT 1;\nCREATE INDEX i ON a (b);\n"})
	r := reviewed(t, dir)
	move := hazard.Finding{Code: "CM170", Line: 2, Fix: []plan.Step{{SQL: "CREATE INDEX i ON a (b);", Apart: true}}}
	r.Files[0].Findings = append([]hazard.Finding{move}, append(r.Files[0].Findings, move)...)
	written, err := Fix(r, dir)
	if err != nil || !slices.Equal(written, []string{"20260101000000_a.sql", "20260101000001_a_index.sql"}) {
		t.Errorf("written = %q, %v, want the index in a file without a transaction", written, err)
	}
}

func TestFixTouchesOnlyWhatWasReviewed(t *testing.T) {
	t.Parallel()
	const index = "CREATE INDEX i ON a (b);\n"
	_, dir := directory(t, map[string]string{"20260101000000_base.sql": index, "20260102000000_new.sql": index})
	written, err := Fix(reviewed(t, dir, "20260102000000_new.sql"), dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(written, []string{"20260102000000_new_index.sql"}) {
		t.Errorf("written = %q, want the new file alone", written)
	}
	if got := contentsOf(t, dir)["20260101000000_base.sql"]; got != index {
		t.Errorf("the base's file is %q", got)
	}
}

func TestFixLeavesWhatIsAccepted(t *testing.T) {
	t.Parallel()
	_, dir := directory(t, map[string]string{"20260101000000_a.sql": "CREATE INDEX i ON a (b);\n"})
	r := reviewed(t, dir)
	r.Files[0].Findings[0].Suppressed = "the table is small"
	if written, err := Fix(r, dir); err != nil || len(written) > 0 {
		t.Errorf("written = %q, %v, want nothing", written, err)
	}
}

func TestFixChangesNothingWhenItFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change   func(dir *migrate.LocalDir) error
		findings []hazard.Finding
		want     string
	}{
		"because a file has changed": {func(dir *migrate.LocalDir) error {
			return dir.WriteFile("20260101000000_a.sql", []byte("-- more\nCREATE INDEX i ON a (b);\n"))
		}, nil, "20260101000000_a.sql has changed since the review"},
		"because a file is gone": {func(dir *migrate.LocalDir) error {
			return os.Remove(filepath.Join(dir.Path(), "20260101000000_a.sql"))
		}, nil, "20260101000000_a.sql was removed since the review"},
		"because a file of the base was edited": {
			func(*migrate.LocalDir) error { return nil },
			[]hazard.Finding{{Code: codeEdited, Title: "a.sql differs from the one in main"}},
			"a.sql differs from the one in main: new sums would hide that",
		},
		"because another file has the version it needs": {func(dir *migrate.LocalDir) error {
			return dir.WriteFile("20260101000001_other.sql", []byte("SELECT 1;\n"))
		}, nil, "would have the same version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, dir := directory(t, map[string]string{"20260101000000_a.sql": "SELECT 1;\nCREATE INDEX i ON a (b);\n"})
			r := reviewed(t, dir)
			r.Findings = test.findings
			if err := test.change(dir); err != nil {
				t.Fatal(err)
			}
			before := contentsOf(t, dir)
			_, err := Fix(r, dir)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want one with %q", err, test.want)
			}
			if diff := cmp.Diff(before, contentsOf(t, dir)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}
