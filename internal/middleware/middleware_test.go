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

// records returns the log records written so far.
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

// one returns the only log record.
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

// serve serves r without a connection.
func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// response is what a client received.
type response struct {
	status int
	header http.Header
	body   string
}

// get requests a path of a real server, whose log is discarded, and returns the response
// and the error that cut it off.
func get(t *testing.T, h http.Handler, path string) (response, error) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	defer server.Close() // waits for the handler
	res, err := server.Client().Get(server.URL + path)
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return response{res.StatusCode, res.Header, string(body)}, err
}
