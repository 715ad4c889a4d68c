package cli_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"commitment/internal/cli/clitest"
	"commitment/internal/logtest"
	"commitment/internal/pgtest"
)

// process is a `commitment serve` or `work`, in a process group of its own.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr logtest.Buffer
	lifeline       io.Closer
	exited         chan struct{}
}

// spawn runs `commitment serve` in dir, on a free port, with these settings and none of
// the test's own. It is terminated when the test ends.
func spawn(t *testing.T, dir string, settings ...string) *process {
	t.Helper()
	return spawnCommand(t, "serve", dir, settings...)
}

// spawnCommand is spawn for another command.
func spawnCommand(t *testing.T, command, dir string, settings ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command("commitment", command), exited: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "ADDR=127.0.0.1:0", lifelineEnv + "=1", clitest.NoRaceSleep,
		"AUTH=off", // unless the test's settings say something else
	}, settings...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	p.lifeline, err = p.cmd.StdinPipe()
	check(t, err)
	check(t, p.cmd.Start())
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // How it ended is in its ProcessState.
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		p.exitCode(t)
		_ = p.lifeline.Close()
		if t.Failed() {
			t.Logf("the process's standard output:\n%s\nstandard error:\n%s", &p.stdout, &p.stderr)
		}
	})
	return p
}

// serve is serveIn an empty directory.
func serve(t *testing.T, settings ...string) *process {
	t.Helper()
	return serveIn(t, t.TempDir(), settings...)
}

// serveIn is spawn, and waits until the service serves, ready or not.
func serveIn(t *testing.T, dir string, settings ...string) *process {
	t.Helper()
	p := spawn(t, dir, settings...)
	pgtest.WaitFor(t, "the service serves", func() bool {
		if p.hasExited() {
			t.Fatal("the service exited before it served")
		}
		return strings.Contains(p.stdout.String(), ":\n\n  curl ")
	})
	return p
}

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// interrupt does what Ctrl-C does in a terminal: it signals the process group.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	check(t, syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT))
}

func (p *process) terminate(t *testing.T) {
	t.Helper()
	check(t, p.cmd.Process.Signal(syscall.SIGTERM))
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	check(t, p.cmd.Process.Kill())
	<-p.exited
}

// exitCode waits until the process exits.
func (p *process) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		t.Fatal("the service hasn't exited after a minute")
	}
	return p.cmd.ProcessState.ExitCode()
}

// printed returns what pattern's first group matches in the standard output.
func (p *process) printed(t *testing.T, pattern string) string {
	t.Helper()
	match := regexp.MustCompile("(?m)" + pattern).FindStringSubmatch(p.stdout.String())
	if match == nil {
		t.Fatalf("printed %q, want a match of %s", &p.stdout, pattern)
	}
	return match[1]
}

// base returns the URL of the service.
func (p *process) base(t *testing.T) string {
	t.Helper()
	return strings.TrimSuffix(p.printed(t, `^  API +(\S+)$`), "/v1")
}

// response is the response to a request.
type response struct {
	status int
	body   string
}

// client keeps no connections, so that each request finds out whether there is a
// listener.
var client = http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

func get(t *testing.T, url string) response {
	t.Helper()
	a, err := send(t.Context(), http.MethodGet, url, "")
	check(t, err)
	return a
}

func send(ctx context.Context, method, url, body string) (response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return response{}, err
	}
	text, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, string(text)}, errors.Join(err, resp.Body.Close())
}
