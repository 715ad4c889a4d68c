//go:build e2e

package project

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// followReadme writes into the new project in dir what its README shows: an entity with
// an edge, a route and a middleware.
func followReadme(t *testing.T, dir string) {
	t.Helper()
	readme := read(t, at(dir, "README.md"))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```\n").FindAllStringSubmatch(readme, -1)
	if len(blocks) != 4 {
		t.Fatalf("the README has %d blocks of Go, want an entity, an edge, a route and a middleware", len(blocks))
	}
	line := func(pattern string) string {
		t.Helper()
		match := regexp.MustCompile(pattern).FindStringSubmatch(readme)
		if match == nil {
			t.Fatalf("the README has no %s", pattern)
		}
		return "\t" + match[1] + "\n"
	}
	files := tree{
		"ent/schema/owner.go":           []byte(blocks[0][1]),
		"internal/httpapi/owner.go":     []byte("package httpapi\n\nimport (\n\t\"context\"\n\n\t\"github.com/google/uuid\"\n\n\t\"github.com/acme/tasks/ent\"\n)\n\n" + blocks[2][1]),
		"internal/middleware/robots.go": []byte("package middleware\n\nimport \"net/http\"\n\n" + blocks[3][1]),
	}
	if err := files.write(dir); err != nil {
		t.Fatal(err)
	}
	task := at(dir, "ent/schema/task.go")
	replace(t, task, "[]ent.Field{\n", "[]ent.Field{\n"+line("`(field\\.UUID\\(.*?,)`"))
	replace(t, task, "\t\"entgo.io/ent/schema/field\"\n", `	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
`)
	if err := os.WriteFile(task, []byte(read(t, task)+"\n"+blocks[1][1]), 0o600); err != nil {
		t.Fatal(err)
	}
	routes := at(dir, "internal/httpapi/routes.go")
	handle := strings.Replace(line("`(handle\\(v1\\.tag.*?)`"), "v1.tag(…)", `v1.tag("Greetings", "They are friendly.")`, 1)
	replace(t, routes, "func routes(v1 *api) {\n", "func routes(v1 *api) {\n"+line("`(mount\\(v1\\.tag.*?)`")+handle)
	replace(t, routes, "\t\"github.com/acme/tasks/internal/middleware\"\n", "\t\"github.com/acme/tasks/internal/identity\"\n\t\"github.com/acme/tasks/internal/middleware\"\n")
	replace(t, routes, "\t\tmiddleware.RequestID,\n", "\t\tmiddleware.NoRobots,\n\t\tmiddleware.RequestID,\n")
}
