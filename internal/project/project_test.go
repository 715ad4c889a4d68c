package project

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestMain links programs without tables for debuggers.
func TestMain(m *testing.M) {
	if err := os.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -ldflags=-w")); err != nil {
		panic(err)
	}
	m.Run()
}

// foundation returns the tree of this checkout.
func foundation(t *testing.T) tree {
	t.Helper()
	files, err := (&source{}).tree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// at returns the path of a tree's file in dir.
func at(dir, p string) string { return filepath.Join(dir, filepath.FromSlash(p)) }

func newSettings(t *testing.T, entity string, example bool) Settings {
	t.Helper()
	s := Settings{Module: "github.com/acme/tasks", Entity: entity, Example: example}
	if err := s.complete(); err != nil {
		t.Fatal(err)
	}
	return s
}

// lines returns the lines of a tree that contain a word.
func lines(files tree, word string) []string {
	var found []string
	for _, p := range slices.Sorted(maps.Keys(files)) {
		for line := range bytes.Lines(files[p]) {
			if bytes.Contains(bytes.ToLower(line), []byte(word)) {
				found = append(found, p+": "+string(bytes.TrimSpace(line)))
			}
		}
	}
	return found
}

// notTheLedger matches lines whose account, or transfer, is another one: HTTP's encoding, the
// pod's account in Kubernetes, and the license's right. The page about resources shows them
// in its examples, and says that the project doesn't have them.
var notTheLedger = regexp.MustCompile(`Transfer-?Encoding|automountServiceAccountToken|^LICENSE: |^docs/resources\.md: `)

func TestNothingOfTheFoundationStaysInAProject(t *testing.T) {
	t.Parallel()
	for _, entity := range []string{"", "Task"} {
		files, err := foundation(t).project(newSettings(t, entity, false), "0123")
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"ledger", "account", "transfer"} {
			for _, line := range lines(files, word) {
				if word == "ledger" || !notTheLedger.MatchString(line) {
					t.Errorf("the core knows the ledger: %s", line)
				}
			}
		}
		for _, line := range lines(files, `"tasks/`) {
			t.Errorf("imported by the service's name instead of the module's path: %s", line)
		}
		for _, line := range lines(files, "commitment") {
			if !strings.HasPrefix(line, "README.md: The core is that of Commitment") {
				t.Errorf("not renamed: %s", line)
			}
		}
	}
}

func TestAProjectCanKeepTheExample(t *testing.T) {
	t.Parallel()
	settings := newSettings(t, "Task", true)
	settings.Name = "task-list" // which is no identifier of Go
	files, err := foundation(t).project(settings, "0123")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"internal/ledger/ledger.go", "ent/schema/account.go", "ent/schema/task.go", "internal/httpapi/account.go", "internal/httpapi/task_test.go"} {
		if files[p] == nil {
			t.Errorf("%s is missing", p)
		}
	}
}

func TestEntitiesRefused(t *testing.T) {
	t.Parallel()
	all := foundation(t)
	for _, name := range []string{
		"task", "Task List", "1Task", "Täsk", "String", "Int", "Client", "Query", "IdempotencyKey",
		"Rest", "Context", "Migrate", "Runtime", "Resource", "Account",
	} {
		_, err := all.project(newSettings(t, name, true), "0123")
		if err == nil || !strings.HasPrefix(err.Error(), "entity "+strconv.Quote(name)+": ") {
			t.Errorf("entity %q: error = %v, want one that refuses its name", name, err)
		}
	}
}

func TestEntityNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]entity{
		"Task":      {Func: "Tasks", File: "task", Path: "tasks", Noun: "task", A: "a task"},
		"UserGroup": {Func: "UserGroups", File: "user_group", Path: "user-groups", Noun: "user group", A: "a user group"},
		"Owner":     {Func: "Owners", File: "owner", Path: "owners", Noun: "owner", A: "an owner"},
		"Data":      {Func: "DataResource", File: "data", Path: "data", Noun: "data", A: "a data"},
		"Category":  {Func: "Categories", File: "category", Path: "categories", Noun: "category", A: "a category"},
	} {
		want.Name, want.Module = name, "m"
		if got := (Settings{Module: "m", Entity: name}).entity(); got != want {
			t.Errorf("entity() = %+v, want %+v", got, want)
		}
	}
}

func TestAnEditWithoutAMatchIsAnError(t *testing.T) {
	t.Parallel()
	if err := (tree{"a": []byte("b")}).apply([]edit{{"a", "c", ""}}); err == nil {
		t.Error("err = nil, want an error")
	}
}
