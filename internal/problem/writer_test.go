package problem_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/fault"
	"commitment/internal/problem"
)

// write writes err over header fields that are set already, and returns the response
// and the log.
func write(t *testing.T, err error, header http.Header) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	pw := &problem.Writer{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	w := httptest.NewRecorder()
	maps.Copy(w.Header(), header)
	pw.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), err)
	return w, log.String()
}

func TestWriteReplacesAnotherResponse(t *testing.T) {
	t.Parallel()
	w, _ := write(t, fault.New(fault.Conflict, "taken", "the name is taken"), http.Header{
		"Content-Type": {"text/html"}, "Content-Length": {"3"}, "Content-Encoding": {"gzip"}, "Etag": {`"1"`}, "Last-Modified": {"x"},
		"Location": {"/v1/products/1"}, "Link": {"</x>"}, "Cache-Control": {"public"}, "Retry-After": {"60"}, "Content-Range": {"x"},
		"X-Request-Id": {"r1"}, "Vary": {"Origin"},
	})
	if w.Code != http.StatusConflict {
		t.Errorf("status = %d, want 409", w.Code)
	}
	want := http.Header{
		"Content-Type": {"application/problem+json"}, "Cache-Control": {"no-store"}, "X-Request-Id": {"r1"}, "Vary": {"Origin"},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" {
		t.Errorf("header differs (-want +got):\n%s", diff)
	}
	var p problem.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Type != "urn:problem-type:taken" || p.Status != 409 {
		t.Errorf("body = %s, %v, want the problem", w.Body, err)
	}
}

func TestWriteAdvisesARetryOnlyWhereItIsSafe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{fault.New(fault.Unavailable, "", "busy"), "1"},
		{fault.New(fault.Unavailable, "locked", "locked"), "1"},
		{problem.Status(http.StatusServiceUnavailable, "starting"), "1"},
		{fault.New(fault.Unknown, "", "nobody knows"), ""},
		{fault.New(fault.Unknown, "lost", "nobody knows"), ""},
		{fault.New(fault.Invalid, "", "no"), ""},
		{errors.New("secret"), ""},
	} {
		w, _ := write(t, tt.err, nil)
		if got := w.Header().Get("Retry-After"); got != tt.want {
			t.Errorf("Retry-After for %v = %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestWriteShowsTheCauseOnlyInTheLog(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err   error
		level string
	}{
		{errors.New("hunter2"), "level=ERROR"},
		{fault.New(fault.Unavailable, "", "down").With(errors.New("hunter2")), "level=ERROR"},
		{fault.New(fault.NotFound, "", "no").With(errors.New("hunter2")), "level=DEBUG"},
	} {
		w, log := write(t, tt.err, nil)
		if strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("body shows the cause: %s", w.Body)
		}
		if !strings.Contains(log, "hunter2") || !strings.Contains(log, tt.level) {
			t.Errorf("log = %s, want the cause and %s", log, tt.level)
		}
		if strings.Count(log, "\n") != 1 {
			t.Errorf("log = %s, want one record", log)
		}
	}
}

func TestWriteKeepsTheHeaderOfAnError(t *testing.T) {
	t.Parallel()
	err := huma.ErrorWithHeaders(fault.New(fault.Unavailable, "", "later"), http.Header{"Retry-After": {"30"}, "www-authenticate": {"a", "b"}, "X-None": nil})
	w, _ := write(t, fmt.Errorf("work: %w", err), http.Header{"Location": {"/x"}})
	want := http.Header{
		"Content-Type": {"application/problem+json"}, "Cache-Control": {"no-store"}, "Retry-After": {"30"}, "Www-Authenticate": {"a", "b"},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

// TestFailuresAreReported reports the causes of responses from 500 on, and of no others.
func TestFailuresAreReported(t *testing.T) {
	t.Parallel()
	var reported []error
	pw := &problem.Writer{
		Log:       slog.New(slog.DiscardHandler),
		TraceID:   func(context.Context) string { return "t1" },
		OnFailure: func(_ context.Context, err error) { reported = append(reported, err) },
	}
	failure, outage := errors.New("secret"), fault.New(fault.Unavailable, "", "busy")
	for _, err := range []error{failure, fault.New(fault.Invalid, "", "no"), outage} {
		w := httptest.NewRecorder()
		pw.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), err)
		var p problem.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.TraceID != "t1" {
			t.Errorf("body = %s, %v, want the trace's id", w.Body, err)
		}
	}
	if len(reported) != 2 || !errors.Is(reported[0], failure) || !errors.Is(reported[1], outage) {
		t.Errorf("reported = %v, want the two failures", reported)
	}
}
