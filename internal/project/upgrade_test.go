package project

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository creates a git repository with one commit of these files.
func repository(t *testing.T, dir string, files tree) {
	t.Helper()
	if err := files.write(dir); err != nil {
		t.Fatal(err)
	}
	inGit(t, dir, "init", "--quiet", "--initial-branch=main")
	inGit(t, dir, "config", "user.name", "test")
	inGit(t, dir, "config", "user.email", "test@example.com")
	commitAll(t, dir)
}

func commitAll(t *testing.T, dir string) string {
	t.Helper()
	inGit(t, dir, "add", "--all", "--force")
	inGit(t, dir, "commit", "--quiet", "--message", "a commit")
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

// adopted returns a checkout of the foundation that has moved on, and a project that
// was made before.
func adopted(t *testing.T) (from *source, project string) {
	t.Helper()
	checkout, project := t.TempDir(), filepath.Join(t.TempDir(), "tasks")
	repository(t, checkout, foundation(t))
	version := inGit(t, checkout, "rev-parse", "HEAD")
	files, err := foundation(t).project(newSettings(t, "Task", false), version)
	if err != nil {
		t.Fatal(err)
	}
	repository(t, project, files)

	replace(t, at(checkout, "internal/fault/fault.go"), "type Kind ", "// Upstream is new in Commitment.\nconst Upstream = \"commitment\"\n\ntype Kind ")
	replace(t, at(checkout, "internal/httpapi/routes.go"), "\t\tmiddleware.RequestID,\n", "\t\tmiddleware.RequestID, // upstream's\n")
	replace(t, at(checkout, "internal/ledger/ledger.go"), "package ledger\n", "package ledger // changed\n")
	if err := os.Remove(at(checkout, "internal/printable/printable.go")); err != nil {
		t.Fatal(err)
	}
	return &source{checkout: checkout, version: commitAll(t, checkout)}, project
}

func upgraded(t *testing.T, from *source, project string) string {
	t.Helper()
	var out strings.Builder
	if err := from.upgrade(t.Context(), project, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestUpgradeKeepsWhatBothSidesChanged(t *testing.T) {
	t.Parallel()
	from, project := adopted(t)
	routes := at(project, "internal/httpapi/routes.go")
	replace(t, routes, "\tmount(v1.tag(\"Tasks\"", "\thandle(v1, \"GET /v1/tasks/next\", \"nextTask\", \"Read the next task.\", nextTask)\n\tmount(v1.tag(\"Tasks\"")
	replace(t, at(project, "internal/httpapi/task_test.go"), "package httpapi_test\n", "package httpapi_test // ours\n")
	replace(t, at(project, "ent/schema/task.go"), "NotEmpty()", "NotEmpty().Unique()")
	commitAll(t, project)

	if out := upgraded(t, from, project); strings.Contains(out, "conflicts") || !strings.Contains(out, "go generate ./...") {
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
	if out := upgraded(t, from, project); !strings.Contains(out, "already") {
		t.Errorf("output of the second upgrade = %q, want that there is nothing to do", out)
	}
}

func TestUpgradeLeavesConflicts(t *testing.T) {
	t.Parallel()
	from, project := adopted(t)
	replace(t, at(project, "internal/httpapi/routes.go"), "\t\tmiddleware.RequestID,\n", "\t\tmiddleware.RequestID, // ours\n")
	commitAll(t, project)
	if out := upgraded(t, from, project); !strings.Contains(out, "internal/httpapi/routes.go") {
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

func TestUpgradeOfAProjectInsideARepository(t *testing.T) {
	t.Parallel()
	from, project := adopted(t)
	mono := t.TempDir()
	if err := os.RemoveAll(filepath.Join(project, ".git")); err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(mono, "services", "tasks")
	if err := os.MkdirAll(filepath.Dir(inside), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(project, inside); err != nil {
		t.Fatal(err)
	}
	repository(t, mono, tree{"README.md": []byte("one of many\n")})
	upgraded(t, from, inside)
	if got := read(t, at(inside, "internal/fault/fault.go")); !strings.Contains(got, "Upstream is new in Tasks") {
		t.Error("fault.go has not changed")
	}
	if read(t, filepath.Join(mono, "README.md")) != "one of many\n" {
		t.Error("the repository's own README has changed")
	}
}

func TestUpgradeRefuses(t *testing.T) {
	t.Parallel()
	from, project := adopted(t)
	for name, tt := range map[string]struct {
		from    *source
		prepare func(dir string)
		want    string
	}{
		"without a checkout":               {&source{version: "1"}, func(string) {}, "in a checkout of the foundation"},
		"a directory that isn't a project": {from, func(dir string) { _ = os.Remove(filepath.Join(dir, stateFile)) }, "is not a project made by this command"},
		"uncommitted changes":              {from, func(dir string) { _ = os.WriteFile(filepath.Join(dir, "new"), nil, 0o600) }, "uncommitted changes"},
		"an unknown version": {from, func(dir string) {
			replace(t, filepath.Join(dir, stateFile), `"core": "`, `"core": "", "was": "`)
			commitAll(t, dir)
		}, "doesn't know its version"},
		"a version that the checkout doesn't have": {from, func(dir string) {
			replace(t, filepath.Join(dir, stateFile), `"core": "`, `"core": "00`)
			commitAll(t, dir)
		}, "doesn't have the project's version"},
	} {
		dir := filepath.Join(t.TempDir(), "tasks")
		inGit(t, filepath.Dir(project), "clone", "--quiet", project, dir)
		inGit(t, dir, "config", "user.name", "test")
		inGit(t, dir, "config", "user.email", "test@example.com")
		tt.prepare(dir)
		err := tt.from.upgrade(context.WithoutCancel(t.Context()), dir, io.Discard)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %q", name, err, tt.want)
		}
	}
}
