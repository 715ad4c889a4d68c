package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/buildtest"
)

func TestGenerateFromATreeWithoutGeneratedFiles(t *testing.T) {
	t.Parallel()
	committed := readModule(t, filepath.Join("..", ".."))
	dir := buildtest.Dir(t)
	deleted := 0
	for name, text := range committed {
		if generated(name, text) {
			deleted++
			continue
		}
		write(t, filepath.Join(dir, name), text)
	}
	if deleted == 0 {
		t.Fatal("generated files = 0, want some")
	}

	if diff := cmp.Diff(committed, generateTwice(t, dir)); diff != "" {
		t.Errorf("what is generated isn't what is committed, run go generate ./... (-committed +generated):\n%s", diff)
	}
}

// readModule returns the files that generating needs and makes, by their path
// in the module.
func readModule(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, top := range []string{"go.mod", "go.sum", "generate.go", "ent", "internal/entgen", "internal/schemakit", "internal/levers", "internal/sqlgraph", "internal/sqlscan", "internal/identity", "internal/fault"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			files[filepath.ToSlash(name)] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func generated(name, text string) bool {
	return strings.HasSuffix(name, ".go") && generatedHeader.MatchString(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// generateTwice runs the generator on a tree, and again on what it made, which must not
// change anything. It returns the module.
func generateTwice(t *testing.T, dir string) map[string]string {
	t.Helper()
	runGenerator(t, dir)
	first := readModule(t, dir)
	runGenerator(t, dir)
	if diff := cmp.Diff(first, readModule(t, dir)); diff != "" {
		t.Errorf("what is generated depends on what was generated before (-first +second):\n%s", diff)
	}
	return first
}

// runGenerator runs the line in generate.go.
func runGenerator(t *testing.T, dir string) {
	t.Helper()
	goCommand(t, dir, "generate", ".")
}
