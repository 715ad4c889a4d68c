package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// module is a copy of the module that entities are added to.
type module struct {
	dir      string
	prefix   string // of the entities' names
	entities int
}

const letters = "abcdefghijklmnopqrstuvwxyz"

// prefix returns letters that no other run has had.
func prefix() string {
	text := []byte("X")
	for range 8 {
		text = append(text, letters[rand.IntN(len(letters))])
	}
	return string(text)
}

func (m module) binary() string { return filepath.Join(m.dir, "..", "binary") }

func (m module) schema() string { return filepath.Join(m.dir, "ent", "schema", "compile.go") }

// copy copies the module at root: what the service is built and generated from.
func (m module) copy(root string) error {
	for _, name := range []string{"go.mod", "go.sum", "generate.go", "cmd", "docs", "ent", "internal"} {
		from := filepath.Join(root, name)
		err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			to := filepath.Join(m.dir, strings.TrimPrefix(path, root))
			text, err := os.ReadFile(path)
			return errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o750), os.WriteFile(to, text, 0o600))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// command runs the go command, and returns the CPU of all its processes and its time by
// the clock.
func (m module) command(ctx context.Context, args ...string) (cpu, wall time.Duration, err error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -trimpath", "GOWORK=off")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out.Bytes())
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(start), nil
}

// measure generates and builds the entities.
func (m module) measure(ctx context.Context, resources bool) (c costs, err error) {
	if err := os.WriteFile(m.schema(), []byte(m.schemas(resources)), 0o600); err != nil {
		return c, err
	}
	if c.generated, _, err = m.command(ctx, "generate", "."); err != nil {
		return c, err
	}
	if c.regenerated, c.wall, err = m.command(ctx, "generate", "."); err != nil {
		return c, err
	}
	if resources {
		if err := m.mount(); err != nil {
			return c, err
		}
	}
	if c.built, _, err = m.command(ctx, "build", "-o", m.binary(), "./cmd/commitment"); err != nil {
		return c, err
	}
	info, err := os.Stat(m.binary())
	if err != nil {
		return c, err
	}
	c.bytes = info.Size()
	return c, nil
}

// schemas are the entities' schemas, each of which leads to the next two.
func (m module) schemas(resources bool) string {
	var text strings.Builder
	text.WriteString(`package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

var _ = rest.Resource
`)
	for i := range m.entities {
		one := `
type NAME struct{ ent.Schema }

func (NAME) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}, schemakit.Times{}, schemakit.Version{}} }
func (NAME) Annotations() []schema.Annotation { return []schema.Annotation{RESOURCE} }
func (NAME) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(200).Unique().Annotations(rest.Example("a name")),
		field.String("code").MaxLen(10).Annotations(rest.Example("AB1")),
		field.Int64("amount").NonNegative(),
		field.Float("ratio").Optional().Nillable(),
		field.Bool("active").Default(true).Annotations(rest.Writable()),
		field.Time("due_at").Optional().Nillable(),
		field.Enum("kind").Values("small", "large"),
		field.Text("note").Optional().Nillable().Annotations(rest.Example("a note")),
	}
}
func (NAME) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("owner", NEXT.Type).UniqueONE,
		edge.To("parts", AFTER.Type)MANY,
	}
}
func (NAME) Indexes() []ent.Index { return []ent.Index{index.Fields("due_at", "id"), index.Fields("kind")} }
`
		resource, expandable, nested := "", "()", ""
		if resources {
			resource = "rest.Resource()"
			expandable, nested = "().Annotations(rest.Expandable(1))", ".Annotations(rest.Expandable(20), rest.Nested(), rest.Unindexed())"
		}
		text.WriteString(strings.NewReplacer("NAME", m.name(i), "NEXT", m.name(i+1), "AFTER", m.name(i+2),
			"RESOURCE", resource, "ONE", expandable, "MANY", nested).Replace(one))
	}
	return text.String()
}

// smallSchemas are those of entities with two fields: with those of schemas, package ent
// takes the compiler 60 MB for each.
func (m module) smallSchemas() string {
	var text strings.Builder
	text.WriteString(`package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"commitment/internal/schemakit"
)
`)
	for i := range m.entities {
		text.WriteString(strings.ReplaceAll(`
type NAME struct{ ent.Schema }

func (NAME) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}} }
func (NAME) Fields() []ent.Field {
	return []ent.Field{field.String("name"), field.Int64("amount").NonNegative()}
}
`, "NAME", m.name(i)))
	}
	return text.String()
}

// name is the name of the n-th entity, in a ring.
func (m module) name(n int) string {
	n %= m.entities
	return m.prefix + letters[n/26:n/26+1] + letters[n%26:n%26+1] + "Item"
}

func (m module) routes() string { return filepath.Join(m.dir, "internal", "httpapi", "routes.go") }

const routesHead = "func routes(v1 *api) {\n"

// mount mounts the resources.
func (m module) mount() error {
	files, err := filepath.Glob(filepath.Join(m.dir, "ent", "resource", strings.ToLower(m.prefix)+"*.go"))
	if err != nil || len(files) != m.entities {
		return fmt.Errorf("%d resources, want %d: %w", len(files), m.entities, err)
	}
	var mounts strings.Builder
	for i := range m.entities {
		fmt.Fprintf(&mounts, "\tmount(v1, resource.%ss())\n", m.name(i))
	}
	return m.change(routesHead + mounts.String())
}

// touch changes the routes.
func (m module) touch() error { return m.change(routesHead + "\t_ = v1.tags\n") }

// change puts text in place of the head of the routes.
func (m module) change(text string) error {
	routes, err := os.ReadFile(m.routes())
	if err != nil {
		return err
	}
	if !bytes.Contains(routes, []byte(routesHead)) {
		return fmt.Errorf("routes.go has no %q", routesHead)
	}
	return os.WriteFile(m.routes(), bytes.Replace(routes, []byte(routesHead), []byte(text), 1), 0o600)
}

// lines counts those of the resources.
func (m module) lines() (n int, err error) {
	for i := range m.entities {
		text, err := os.ReadFile(filepath.Join(m.dir, "ent", "resource", strings.ToLower(m.name(i))+".go"))
		if err != nil {
			return 0, err
		}
		n += bytes.Count(text, []byte("\n"))
	}
	return n, nil
}
