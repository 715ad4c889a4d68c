package httpapi_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGeneratedClients generates clients from the service's documents, compiles them, and
// has them use the service: testdata/clients says what for. It needs what .ci/run
// installs: oapi-codegen, and the folder of packages of Node.js.
func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	oapiCodegen, nodeModules := os.Getenv("OAPI_CODEGEN"), os.Getenv("NODE_MODULES")
	if oapiCodegen == "" || nodeModules == "" {
		t.Skip("OAPI_CODEGEN and NODE_MODULES aren't set: .ci/run openapi sets them")
	}
	s := newService(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/clients")); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		"clients.mod": "go.mod", // which would make a module of testdata
		"clients.sum": "go.sum",
	} {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(nodeModules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"openapi.json", "openapi-3.0.json"} {
		document := s.send(t, "GET", "/"+name, "").want(t, http.StatusOK)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(document.body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	programs := filepath.Join(nodeModules, ".bin")
	for _, step := range []struct {
		dir     string
		command []string
	}{
		{".", []string{oapiCodegen, "-config", "oapi-codegen.yaml", "openapi-3.0.json"}},
		{".", []string{"go", "test", "-count=1", "."}},
		{".", []string{filepath.Join(programs, "openapi-typescript"), "openapi.json", "--output", "schema.d.ts"}},
		{".", []string{filepath.Join(programs, "tsc")}},
		{"compiled", []string{"node", "--test"}},
	} {
		cmd := exec.CommandContext(t.Context(), step.command[0], step.command[1:]...)
		cmd.Dir = filepath.Join(dir, step.dir)
		cmd.Env = append(os.Environ(), "API="+s.url)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", step.command, err, out)
		}
	}
}
