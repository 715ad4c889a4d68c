//go:build e2e

package project

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"commitment/internal/buildtest"
	"commitment/internal/pgtest"
)

// TestANewProjectWorks makes a project, changes it as its README says, and then builds,
// tests and serves it.
func TestANewProjectWorks(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(buildtest.Dir(t), "our tasks")
	if err := (&source{}).make(t.Context(), dir, newSettings(t, "Task", false), io.Discard); err != nil {
		t.Fatal(err)
	}
	followReadme(t, dir)
	for _, command := range []string{
		"go generate ./...",
		"go run ./cmd/migrate diff add_owner",
		"go build -o service ./cmd/tasks",
		"go test ./internal/httpapi -update", // all other tests, too
	} {
		inProject(t, dir, strings.Fields(command)...)
	}
	t.Run("passes", func(t *testing.T) {
		for _, command := range []string{
			"go run ./cmd/migrate review",
			"go vet ./...",
			"go run ./cmd/migrate check",
			"go test ./internal/arch ./internal/config",
			"go test ./internal/httpapi -run ^(TestRoutes|TestResources|TestOpenAPI)$",
			"go test ./internal/cli -run ^TestReadmeTour$",
			"go mod tidy -diff",
		} {
			t.Run(command, func(t *testing.T) {
				t.Parallel()
				inProject(t, dir, strings.Fields(command)...)
			})
		}
	})
	base, token := serve(t, filepath.Join(dir, "service"))
	created := send(t, token, http.MethodPost, base+"/v1/owners", `{"name":"Zoe"}`, http.StatusCreated)
	_, id, _ := strings.Cut(created, `{"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	send(t, token, http.MethodPost, base+"/v1/tasks", `{"name":"first","owner_id":"`+id+`"}`, http.StatusCreated)
	for path, want := range map[string]string{
		"/v1/tasks?owner_id=" + id + "&expand=owner&fields=name": `"name":"Zoe"`,
		"/v1/owners/" + id + "/greeting":                         `{"text":"Hello, Zoe"}`,
	} {
		if got := send(t, token, http.MethodGet, base+path, "", http.StatusOK); !strings.Contains(got, want) {
			t.Errorf("GET %s = %s, want %s", path, got, want)
		}
	}
}

// send returns the response's body. Its header must be that of the middleware in the
// README, too.
func send(t *testing.T, token, method, url, body string, status int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if resp.StatusCode != status || resp.Header.Get("X-Robots-Tag") != "noindex" || err != nil {
		t.Fatalf("%s %s = %d %v %s, %v, want %d, not for robots", method, url, resp.StatusCode, resp.Header, got, err, status)
	}
	return string(got)
}

func inProject(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// serve starts the service on a database of the test's own, and returns its address and a
// token.
func serve(t *testing.T, program string) (base, token string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "serve")
	cmd.Dir = t.TempDir() // where the key of the token is
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "ADDR=127.0.0.1:0", "DATABASE_URL=" + pgtest.EmptyURL(t)}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if label, url, ok := strings.Cut(strings.TrimSpace(lines.Text()), " "); ok && label == "API" {
			base = strings.TrimSuffix(strings.TrimSpace(url), "/v1")
		}
		if _, rest, ok := strings.Cut(lines.Text(), "Bearer "); ok {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return base, strings.TrimSuffix(rest, `"`)
		}
	}
	t.Fatalf("the service exited before it was ready: %s", &stderr)
	return "", ""
}
