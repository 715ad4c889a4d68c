//go:build e2e

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commitment/internal/buildtest"
)

// TestSchemasWithBehavior generates schemas with hooks, policies, interceptors and
// a type of their own, which import the generated client, from a tree that has
// none, and runs testdata/behavior/internal/behavior on the result. Then somebody adds
// a field and forgets to generate.
func TestSchemasWithBehavior(t *testing.T) {
	t.Parallel()
	dir := buildtest.Dir(t)
	copyModule(t, dir, "behavior")
	first := generateTwice(t, dir)
	goCommand(t, dir, "test", "./internal/behavior", "./internal/forgotten")

	const title = `		field.String("title")`
	document := first["ent/schema/document.go"]
	write(t, filepath.Join(dir, "ent", "schema", "document.go"), strings.Replace(document, title, "		field.Bool(\"draft\").Default(true),\n"+title, 1))
	const sentence = "The fields of schema.Document have changed since the code was generated: run \"go generate ./...\".\n"
	if out, err := tryGo(t, dir, "test", "./internal/behavior"); err == nil || !strings.HasPrefix(out, sentence) || strings.Contains(out, "panic") {
		t.Errorf("with a field inserted and nothing generated, programs say %q, %v, want %q", out, err, sentence)
	}
}

// TestResources generates the resources of testdata/resource, which have every kind of
// field and edge, from a tree that has no generated code, and runs the tests there on
// the result.
func TestResources(t *testing.T) {
	t.Parallel()
	dir := buildtest.Dir(t)
	copyModule(t, dir, "resource")
	first := generateTwice(t, dir)
	for name, text := range first {
		if strings.HasPrefix(name, "ent/resource/") && strings.Contains(text, "net/http") {
			t.Errorf("%s knows of HTTP", name)
		}
	}
	goCommand(t, dir, "test", "./internal/httpapi", "./internal/rest")
}

// TestGeneratedClients has clients that are generated from the same resources' document
// use what the service has no example of.
func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	if os.Getenv("OAPI_CODEGEN") == "" {
		t.Skip("OAPI_CODEGEN isn't set: .ci/run openapi sets it")
	}
	dir := buildtest.Dir(t)
	copyModule(t, dir, "resource")
	const clients = "internal/httpapi/testdata/clients"
	copyFiles(t, filepath.Join("..", "..", clients), filepath.Join(dir, clients), func(path, _ string) bool { return !strings.Contains(path, "test.") })
	runGenerator(t, dir)
	goCommand(t, dir, "test", "./internal/httpapi", "-run", "^TestGeneratedClients$")
}
