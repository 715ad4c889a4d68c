package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/buildtest"
)

func TestDeclarationsCannotUseWhatIsGeneratedFromThem(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"in a declaration": {`package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"commitment/ent/idempotencykey"
)

type Odd struct{ ent.Schema }

func (Odd) Fields() []ent.Field { return []ent.Field{field.String(idempotencykey.FieldKey)} }
`, "ent/schema/odd.go:12:1: Fields uses commitment/ent/idempotencykey, which depends on generated code: only Hooks, Interceptors and Policy may"},
		"through a function": {`package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"commitment/ent/idempotencykey"
)

type Odd struct{ ent.Schema }

func (Odd) Edges() []ent.Edge { return nil }

func (Odd) Fields() []ent.Field { return []ent.Field{field.String(name())} }

func name() string { return idempotencykey.FieldKey }
`, "ent/schema/odd.go:14:1: Fields uses name, which depends on generated code"},
		"and the compiler says the rest": {`package schema

import (
	"entgo.io/ent"

	"commitment/ent/hook"
)

type Odd struct{ ent.Schema }

func (Odd) Hooks() []ent.Hook { return []ent.Hook{hook.Nothing} }
`, "odd.go:11:56: undefined: hook.Nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := buildtest.Dir(t)
			before := readModule(t, filepath.Join("..", ".."))
			before["ent/schema/odd.go"] = tt.text
			for name, text := range before {
				write(t, filepath.Join(dir, name), text)
			}
			out, err := tryGo(t, dir, "generate", ".")
			if err == nil || !strings.Contains(out, tt.want) {
				t.Errorf("go generate = %s, %v, want %q", out, err, tt.want)
			}
			if diff := cmp.Diff(before, readModule(t, dir)); diff != "" {
				t.Errorf("what failed left something behind (-before +after):\n%s", diff)
			}
		})
	}
}

// copyModule copies the module without what is generated and tests, and adds a folder
// of testdata.
func copyModule(t *testing.T, dir, added string) {
	t.Helper()
	root := filepath.Join("..", "..")
	for _, from := range []string{"go.mod", "go.sum", "generate.go", "ent", "internal"} {
		copyFiles(t, filepath.Join(root, from), filepath.Join(dir, from), func(path, text string) bool {
			return !generated(path, text) && !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "testdata")
		})
	}
	copyFiles(t, filepath.Join("testdata", added), dir, func(string, string) bool { return true })
}

func copyFiles(t *testing.T, from, to string, keep func(path, text string) bool) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && keep(path, string(text)) {
			write(t, filepath.Join(to, strings.TrimPrefix(path, from)), string(text))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// goCommand runs the go command in dir.
func goCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := tryGo(t, dir, args...); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// tryGo is goCommand for what may fail.
func tryGo(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -ldflags=-w") // no tables for debuggers
	out, err := cmd.CombinedOutput()
	return string(out), err
}
