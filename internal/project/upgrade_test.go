package project

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commitment/internal/pgtest"
)

// repository creates a git repository with one commit of these files.
func repository(t *testing.T, dir string, files tree) {
	t.Helper()
	if err := files.write(dir); err != nil {
		t.Fatal(err)
	}
	initialize(t, dir)
	commitAll(t, dir)
}

func initialize(t *testing.T, dir string) {
	t.Helper()
	inGit(t, dir, "init", "--quiet", "--initial-branch=main")
	configure(t, dir)
}

func configure(t *testing.T, dir string) {
	t.Helper()
	inGit(t, dir, "config", "user.name", "test")
	inGit(t, dir, "config", "user.email", "test@example.com")
}

func commitAll(t *testing.T, dir string) {
	t.Helper()
	inGit(t, dir, "add", "--all", "--force")
	inGit(t, dir, "commit", "--quiet", "--message", "a commit")
}

// commitTree commits the files without writing them to the directory.
func commitTree(t *testing.T, dir string, files tree) string {
	t.Helper()
	var stream bytes.Buffer
	writeCommit(&stream, "refs/heads/main", "", "a commit", files)
	if _, err := gitOutput(t.Context(), dir, &stream, "fast-import", "--quiet", "--force"); err != nil {
		t.Fatal(err)
	}
	return inGit(t, dir, "rev-parse", "HEAD")
}

func inGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := git(t.Context(), dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// replace replaces a text in a file.
func replace(t *testing.T, name, from, to string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(from)) {
		t.Fatalf("%s has no %q", name, from)
	}
	if err := os.WriteFile(name, bytes.Replace(text, []byte(from), []byte(to), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// replaceIn replaces a text in a file of the tree.
func (t tree) replaceIn(tb testing.TB, p, from, to string) {
	tb.Helper()
	if !bytes.Contains(t[p], []byte(from)) {
		tb.Fatalf("%s has no %q", p, from)
	}
	t[p] = bytes.Replace(t[p], []byte(from), []byte(to), 1)
}

// adopted is a checkout of the foundation that has moved on, a project that was made
// before, and the project's cores of both versions.
type adopted struct {
	*source
	project      string // a repository, whose files are those of
	files        tree
	base, theirs tree
}

func newAdopted(t *testing.T) *adopted {
	t.Helper()
	checkout, project := pgtest.ReachableDir(t), pgtest.ReachableDir(t) // in memory: thousands of files
	initialize(t, checkout)
	upstream, settings := foundation(t), newSettings(t, "Task", false)
	version := commitTree(t, checkout, upstream)
	files, err := upstream.project(settings, version)
	if err != nil {
		t.Fatal(err)
	}
	initialize(t, project)
	commitTree(t, project, files)

	upstream.replaceIn(t, "internal/fault/fault.go", "type Kind ", "// Upstream is new in Commitment.\nconst Upstream = \"commitment\"\n\ntype Kind ")
	upstream.replaceIn(t, "internal/httpapi/routes.go", "\t\tmiddleware.RequestID,\n", "\t\tmiddleware.RequestID, // upstream's\n")
	upstream.replaceIn(t, "internal/ledger/ledger.go", "package ledger\n", "package ledger // changed\n")
	delete(upstream, "internal/printable/printable.go")
	before := &source{checkout: checkout, version: version}
	a := &adopted{source: &source{checkout: checkout, version: commitTree(t, checkout, upstream)}, project: project, files: files}
	if a.base, err = before.core(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	if a.theirs, err = a.core(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	return a
}

// clone returns a project of a test's own.
func (a *adopted) clone(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(pgtest.ReachableDir(t), "tasks")
	inGit(t, a.project, "clone", "--quiet", a.project, dir)
	configure(t, dir)
	return dir
}

func (a *adopted) mustUpgrade(t *testing.T, project string) string {
	t.Helper()
	var out strings.Builder
	if err := a.upgrade(t.Context(), project, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// mergeInto upgrades a project without making the cores again.
func (a *adopted) mergeInto(t *testing.T, project string) string {
	t.Helper()
	var out strings.Builder
	if err := a.apply(t.Context(), project, newSettings(t, "Task", false), a.base, a.theirs, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	a := newAdopted(t)
	for name, test := range map[string]func(*testing.T, *adopted){
		"keeps what both sides changed": upgradeKeepsWhatBothSidesChanged,
		"leaves conflicts":              upgradeLeavesConflicts,
		"of a project in a repository":  upgradeOfAProjectInARepository,
		"refuses":                       upgradeRefuses,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, a)
		})
	}
}

func upgradeKeepsWhatBothSidesChanged(t *testing.T, from *adopted) {
	t.Helper()
	project := from.clone(t)
	routes := at(project, "internal/httpapi/routes.go")
	replace(t, routes, "\tmount(v1.tag(\"Tasks\"", "\thandle(v1, \"GET /v1/tasks/next\", \"nextTask\", \"Read the next task.\", nextTask)\n\tmount(v1.tag(\"Tasks\"")
	replace(t, at(project, "internal/httpapi/task_test.go"), "package httpapi_test\n", "package httpapi_test // ours\n")
	replace(t, at(project, "ent/schema/task.go"), "NotEmpty()", "NotEmpty().Unique()")
	commitAll(t, project)

	if out := from.mergeInto(t, project); strings.Contains(out, "conflicts") || !strings.Contains(out, "go generate ./...") {
		t.Errorf("output = %q, want what to do next, and no conflicts", out)
	}
	for name, want := range map[string]string{
		"internal/fault/fault.go":       "// Upstream is new in Tasks.\nconst Upstream = \"tasks\"\n",
		"internal/httpapi/routes.go":    "middleware.RequestID, // upstream's\n",
		"internal/httpapi/task_test.go": "package httpapi_test // ours\n",
		"ent/schema/task.go":            "NotEmpty().Unique()",
		stateFile:                       from.version,
	} {
		if got := read(t, at(project, name)); !strings.Contains(got, want) {
			t.Errorf("%s has no %q", name, want)
		}
	}
	if !strings.Contains(read(t, routes), "GET /v1/tasks/next") {
		t.Error("routes.go has lost the project's own route")
	}
	for _, gone := range []string{"internal/printable/printable.go", "internal/ledger"} {
		if _, err := os.Stat(at(project, gone)); !os.IsNotExist(err) {
			t.Errorf("%s: %v, want none", gone, err)
		}
	}
	commitAll(t, project)
	if out := from.mustUpgrade(t, project); !strings.Contains(out, "already") {
		t.Errorf("output of the second upgrade = %q, want that there is nothing to do", out)
	}
}

func upgradeLeavesConflicts(t *testing.T, from *adopted) {
	t.Helper()
	project := from.clone(t)
	replace(t, at(project, "internal/httpapi/routes.go"), "\t\tmiddleware.RequestID,\n", "\t\tmiddleware.RequestID, // ours\n")
	commitAll(t, project)
	if out := from.mergeInto(t, project); !strings.Contains(out, "internal/httpapi/routes.go") {
		t.Errorf("output = %q, want the file with the conflict", out)
	}
	if got := read(t, at(project, "internal/httpapi/routes.go")); !strings.Contains(got, "<<<<<<<") {
		t.Error("routes.go has no conflict marks")
	}
	if got := inGit(t, project, "diff", "--name-only", "--diff-filter=U"); got != "internal/httpapi/routes.go" {
		t.Errorf("unmerged = %q, want routes.go", got)
	}
	inGit(t, project, "reset", "--quiet", "--hard")
	if got := inGit(t, project, "status", "--porcelain"); got != "" {
		t.Errorf("git reset --hard left %s", got)
	}
}

func upgradeOfAProjectInARepository(t *testing.T, from *adopted) {
	t.Helper()
	mono := pgtest.ReachableDir(t)
	initialize(t, mono)
	files := tree{"README.md": []byte("one of many\n")}
	for p, text := range from.files {
		files["services/tasks/"+p] = text
	}
	commitTree(t, mono, files)
	inGit(t, mono, "reset", "--quiet", "--hard")
	inside := filepath.Join(mono, "services", "tasks")
	from.mustUpgrade(t, inside)
	if got := read(t, at(inside, "internal/fault/fault.go")); !strings.Contains(got, "Upstream is new in Tasks") {
		t.Error("fault.go has not changed")
	}
	if read(t, filepath.Join(mono, "README.md")) != "one of many\n" {
		t.Error("the repository's own README has changed")
	}
}

func upgradeRefuses(t *testing.T, from *adopted) {
	t.Helper()
	files := tree{stateFile: from.files[stateFile]}
	for name, tt := range map[string]struct {
		from    *source
		prepare func(dir string)
		want    string
	}{
		"without a checkout":               {&source{version: "1"}, func(string) {}, "in a checkout of the foundation"},
		"a directory that isn't a project": {from.source, func(dir string) { _ = os.Remove(filepath.Join(dir, stateFile)) }, "is not a project made by this command"},
		"uncommitted changes":              {from.source, func(dir string) { _ = os.WriteFile(filepath.Join(dir, "new"), nil, 0o600) }, "uncommitted changes"},
		"an unknown version": {from.source, func(dir string) {
			replace(t, filepath.Join(dir, stateFile), `"core": "`, `"core": "", "was": "`)
			commitAll(t, dir)
		}, "doesn't know its version"},
		"a version that the checkout doesn't have": {from.source, func(dir string) {
			replace(t, filepath.Join(dir, stateFile), `"core": "`, `"core": "00`)
			commitAll(t, dir)
		}, "doesn't have the project's version"},
	} {
		dir := t.TempDir()
		repository(t, dir, files)
		tt.prepare(dir)
		err := tt.from.upgrade(context.WithoutCancel(t.Context()), dir, io.Discard)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %q", name, err, tt.want)
		}
	}
}
