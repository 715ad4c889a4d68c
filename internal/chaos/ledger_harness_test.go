//go:build e2e

package chaos

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"commitment/internal/pgtest"
)

// binary builds the program, once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "chaos-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "commitment")
	out, err := exec.Command("go", "build", "-ldflags=-w", "-o", path, "commitment/cmd/commitment").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	if url := os.Getenv(workerEnv); url != "" {
		work(url)
		return
	}
	m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
}

// traced has every request traced, for a collector that is down.
const traced = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"

// program is the service, as a process.
type program struct {
	t    *testing.T
	path string // of the binary
	args []string
	env  []string
	cmd  *exec.Cmd
	addr string
}

// start starts the program on a free port, with the database at url, and waits until it
// is ready.
func start(t *testing.T, url string, env ...string) *program {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, path, url, env...)
	p.run("is ready")
	return p
}

// launch prepares a program, which [program.run] starts.
func launch(t *testing.T, path, url string, env ...string) *program {
	t.Helper()
	p := &program{t: t, path: path, args: []string{"serve"}, addr: pgtest.FreeAddress(t)}
	p.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "COMMITMENT_ENV=production", "AUTH=off-in-production", "DATABASE_URL=" + pgtest.LoginURL(t, url), "ADDR=" + p.addr,
		"DB_PING_AFTER=0s", "LOG_LEVEL=error",
	}, env...)
	t.Cleanup(p.kill)
	return p
}

// run starts the process and waits until it says how it is.
func (p *program) run(state string) {
	p.t.Helper()
	p.cmd = exec.Command(p.path, p.args...)
	p.cmd.Env = p.env
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if strings.Contains(lines.Text(), state) {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return
		}
	}
	p.t.Fatalf("the program ended before it said that it %s: %v", state, p.cmd.Wait())
}

// kill ends the process with SIGKILL.
func (p *program) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
}

// stop ends the process with SIGTERM, as a rollout does.
func (p *program) stop() {
	p.t.Helper()
	if err := errors.Join(p.cmd.Process.Signal(syscall.SIGTERM), p.cmd.Wait()); err != nil {
		p.t.Errorf("stop the program: %v", err)
	}
}

// ledger is two accounts, and what clients were told about the transfers between them.
type ledger struct {
	t        *testing.T
	p        *program
	db       *sql.DB // straight to the server
	from, to string
	client   *http.Client
	next     atomic.Int64

	mu      sync.Mutex
	told    map[string]verdict // by memo
	answers map[string]int     // how often each status, with its problem's type, was answered
}

// verdict is what a client may conclude about its transfer.
type verdict string

const (
	done    verdict = "done"
	nothing verdict = "nothing changed"
	unknown verdict = "unknown" // so the answer says
	silence verdict = "no answer"
)

func newLedger(t *testing.T, p *program, url string) *ledger {
	t.Helper()
	l := &ledger{t: t, p: p, db: pgtest.Open(t, url), told: map[string]verdict{}, answers: map[string]int{}, client: &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}}
	t.Cleanup(l.client.CloseIdleConnections)
	for name, id := range map[string]*string{"mint": &l.from, "sink": &l.to} {
		body := fmt.Sprintf(`{"name":%q,"currency":"EUR","allow_negative":true}`, name)
		var account struct{ ID string }
		status, answer, err := l.send(t.Context(), "/v1/accounts", "", body)
		if err != nil || status != http.StatusCreated || json.Unmarshal(answer, &account) != nil {
			t.Fatalf("open account: %d %s %v", status, answer, err)
		}
		*id = account.ID
	}
	return l
}

// send posts a body and returns the whole answer, or why there is none.
func (l *ledger) send(ctx context.Context, path, key, body string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.p.addr+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return l.do(req)
}

// get reads a resource.
func (l *ledger) get(ctx context.Context, path string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.p.addr+path, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	return l.do(req)
}

func (l *ledger) do(req *http.Request) (int, []byte, error) {
	resp, err := l.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// transfer sends one transfer, once, and notes what the client was told.
func (l *ledger) transfer(ctx context.Context, key string) verdict {
	memo := key
	if memo == "" {
		memo = fmt.Sprint("m", l.next.Add(1))
	}
	status, answer, err := l.send(ctx, "/v1/transfers", key, fmt.Sprintf(`{"from":%q,"to":%q,"amount":1,"memo":%q}`, l.from, l.to, memo))
	v, said := nothing, fmt.Sprint(status)
	switch {
	case err != nil:
		v, said = silence, "nothing"
	case status < http.StatusMultipleChoices:
		v = done
	default:
		said += " " + problemType(answer)
	}
	if strings.HasSuffix(said, "outcome-unknown") {
		v = unknown
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told[memo] = v
	l.answers[said]++
	return v
}

// problemType is the type of the problem that an answer describes.
func problemType(answer []byte) string {
	var problem struct{ Type string }
	if err := json.Unmarshal(answer, &problem); err != nil {
		return string(answer)
	}
	return strings.TrimPrefix(problem.Type, "urn:problem-type:")
}

// clean are the answers that a client may get while something is broken, beside
// success: what they say is true, and it may come again.
var clean = []string{
	"nothing", "503 unavailable", "503 busy", "503 locked", "503 timeout", "503 outcome-unknown", "409 idempotency-key-in-flight",
}

// insist sends a transfer with a key until the client is told that it is done.
func (l *ledger) insist(ctx context.Context) error {
	key := fmt.Sprint("key", l.next.Add(1))
	for l.transfer(ctx, key) != done {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return errors.New("a transfer was never done: " + key)
		}
	}
	return nil
}

// audit compares what clients were told with the rows that are there, and prints it.
func (l *ledger) audit(title string) {
	l.t.Helper()
	rows := map[string]int{}
	result, err := l.db.QueryContext(l.t.Context(), "SELECT memo, count(*) FROM transfers GROUP BY memo")
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = result.Close() }()
	for result.Next() {
		var memo string
		var n int
		if err := result.Scan(&memo, &n); err != nil {
			l.t.Fatal(err)
		}
		rows[memo] = n
	}
	if err := result.Err(); err != nil {
		l.t.Fatal(err)
	}
	counts, lies := map[verdict]int{}, 0
	for memo, v := range l.told {
		counts[v]++
		n := rows[memo]
		if n > 1 || v == done && n != 1 || v == nothing && n != 0 {
			lies++
			l.t.Errorf("%s: told %q, and there are %d rows", memo, v, n)
		}
	}
	var sum int
	if err := l.db.QueryRowContext(l.t.Context(), "SELECT coalesce(sum(amount), 0) FROM entries").Scan(&sum); err != nil || sum != 0 {
		l.t.Errorf("sum of all entries = %d, %v, want 0", sum, err)
	}
	for said, n := range l.answers {
		if !strings.HasPrefix(said, "20") && !slices.Contains(clean, said) {
			l.t.Errorf("answered %q %d times, want one of %q", said, n, clean)
		}
	}
	l.t.Logf("%s: %d transfers, told %v in answers %v; %d lies", title, len(l.told), counts, l.answers, lies)
}
