package middleware_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"commitment/internal/logtest"
	"commitment/internal/problem"
)

// newLog returns a logger of all levels and what it writes.
func newLog() (*slog.Logger, *logtest.Buffer) {
	var log logtest.Buffer
	return slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), &log
}

// records returns the records written so far.
func records(t *testing.T, log *logtest.Buffer) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(log.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("log line %s: %v", line, err)
		}
		found = append(found, record)
	}
	return found
}

// onlyRecord returns the only record.
func onlyRecord(t *testing.T, log *logtest.Buffer) map[string]any {
	t.Helper()
	found := records(t, log)
	if len(found) != 1 {
		t.Fatalf("log = %v, want one record", found)
	}
	return found[0]
}

// newProblems returns a writer of problems and its log.
func newProblems() (*problem.Writer, *logtest.Buffer) {
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
