package middleware_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"commitment/internal/problem"
)

// lines is a log that is written by a server and read by a test.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// records are the log's records so far.
func (l *lines) records(t *testing.T) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []map[string]any
	for line := range bytes.Lines(l.buf.Bytes()) {
		var record map[string]any
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatalf("log line %s: %v", line, err)
		}
		found = append(found, record)
	}
	return found
}

// one is the log's only record.
func (l *lines) one(t *testing.T) map[string]any {
	t.Helper()
	found := l.records(t)
	if len(found) != 1 {
		t.Fatalf("log = %v, want one record", found)
	}
	return found[0]
}

// newLog returns a logger of all levels and what it writes.
func newLog() (*slog.Logger, *lines) {
	l := &lines{}
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})), l
}

// newProblems returns a writer of problems and its log.
func newProblems() (*problem.Writer, *lines) {
	log, l := newLog()
	return &problem.Writer{Log: log}, l
}

// serve answers r without a connection.
func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks a real server, whose log is quiet, for a path, and returns what came
// and why no more did.
func get(t *testing.T, h http.Handler, path string) (answer, error) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	defer server.Close() // waits for the handler
	res, err := server.Client().Get(server.URL + path)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}
