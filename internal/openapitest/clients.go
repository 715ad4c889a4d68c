package openapitest

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Clients generates clients in Go and TypeScript from the documents of the server at url,
// compiles them, and has the tests in dir use them. It skips the test without what
// .ci/run installs: oapi-codegen, and the folder of packages of Node.js.
func Clients(tb testing.TB, url, dir string) {
	tb.Helper()
	oapiCodegen, nodeModules := os.Getenv("OAPI_CODEGEN"), os.Getenv("NODE_MODULES")
	if oapiCodegen == "" || nodeModules == "" {
		tb.Skip("OAPI_CODEGEN and NODE_MODULES aren't set: .ci/run openapi sets them")
	}
	module := tb.TempDir()
	if err := os.CopyFS(module, os.DirFS(dir)); err != nil {
		tb.Fatal(err)
	}
	for from, to := range map[string]string{
		"clients.mod": "go.mod", // which would make a module of testdata
		"clients.sum": "go.sum",
	} {
		if err := os.Rename(filepath.Join(module, from), filepath.Join(module, to)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Symlink(nodeModules, filepath.Join(module, "node_modules")); err != nil {
		tb.Fatal(err)
	}
	for _, name := range []string{"openapi.json", "openapi-3.0.json"} {
		download(tb, url+"/"+name, filepath.Join(module, name))
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
		cmd := exec.CommandContext(tb.Context(), step.command[0], step.command[1:]...)
		cmd.Dir = filepath.Join(module, step.dir)
		cmd.Env = append(os.Environ(), "API="+url)
		if out, err := cmd.CombinedOutput(); err != nil {
			tb.Fatalf("%q: %v\n%s", step.command, err, out)
		}
	}
}

func download(tb testing.TB, url, path string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		tb.Fatalf("GET %s = %d %.200s, %v", url, resp.StatusCode, text, err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		tb.Fatal(err)
	}
}
