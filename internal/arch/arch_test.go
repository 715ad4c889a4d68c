package arch

import (
	"maps"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// A check returns a line for each violation of a rule, in the order of the paths.
type check func(*tree) []string

func TestRepository(t *testing.T) {
	t.Parallel()
	repository, err := read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for name, find := range map[string]check{
		"imports point down":                                 table.imports,
		"every row of the table of imports has a package":    table.missing,
		"every row of the table of imports uses what it may": table.unused,
		"files and functions stay small":                     sizes,
		"the map is the tree":                                treeMap,
		"links in Markdown resolve":                          links,
		"the index of the documentation lists its chapters":  chapters,
		"identifiers in Markdown are declared":               identifiers,
		"only generated code is marked as generated":         generatedHeaders,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, line := range find(repository) {
				t.Error(line)
			}
		})
	}
}

// An example is a small tree, and what a check finds in it.
type example struct {
	name  string
	files map[string]string
	want  []string
}

// try runs a check on examples, so that it is known to be able to fail.
func try(t *testing.T, find check, examples []example) {
	t.Helper()
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(e.want, find(plant(t, e.files))); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

// plant returns a tree of the given files by path.
func plant(t *testing.T, files map[string]string) *tree {
	t.Helper()
	all := map[string]string{"go.mod": "module commitment\n", ".gitignore": "/ignored/\n"}
	maps.Copy(all, files)
	fsys := fstest.MapFS{}
	for p, text := range all {
		fsys[p] = &fstest.MapFile{Data: []byte(text)}
	}
	planted, err := read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return planted
}

func TestRead(t *testing.T) {
	t.Parallel()
	got := plant(t, map[string]string{
		".gitignore":                 "# a comment\n/.commitment/\n/commitment\n*.out\n.env\n",
		".git/config":                "",
		".commitment/data/PG":        "",
		"commitment":                 "",
		"cover.out":                  "",
		"internal/app/.env":          "",
		"bench/go.mod":               "module bench\n",
		"bench/main.go":              "package main\n",
		".github/workflows/ci.yml":   "",
		"cmd/commitment/main.go":     "package main\n",
		"internal/app/testdata/x.go": "not Go",
	})
	want := []string{
		".github/workflows/ci.yml", ".gitignore", "cmd/commitment/main.go", "go.mod", "internal/app/testdata/x.go",
	}
	if diff := cmp.Diff(want, got.paths()); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	if len(got.source) != 1 || got.source[0].path != "cmd/commitment/main.go" {
		t.Errorf("source = %v, want cmd/commitment/main.go alone", got.source)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]fstest.MapFS{
		"a repository without a .gitignore": {"go.mod": {Data: []byte("module commitment\n")}},
		"an unsupported pattern":            {"go.mod": {Data: []byte("module commitment\n")}, ".gitignore": {Data: []byte("!kept\n")}},
		"a go.mod without a module":         {"go.mod": {}, ".gitignore": {}},
		"Go that doesn't parse":             {"go.mod": {Data: []byte("module commitment\n")}, ".gitignore": {}, "a.go": {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := read(files); err == nil {
				t.Error("err = nil, want an error")
			}
		})
	}
}
