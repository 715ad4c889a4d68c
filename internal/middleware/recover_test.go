package middleware_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"commitment/internal/middleware"
	"commitment/internal/problem"
)

func TestRecoverRespondsToAPanic(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{
		"a text":                     "hunter2",
		"an error":                   fmt.Errorf("hunter2: %w", context.Canceled), // not a client that went away
		"a problem":                  problem.Status(http.StatusTeapot, "hunter2"),
		"header fields and no bytes": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems, log := newProblems()
			got, err := get(t, middleware.Recover(problems)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "3")
				w.Header().Set("Location", "/hunter2")
				panic(value)
			})), "/")
			if err != nil {
				t.Fatal(err)
			}
			var p problem.Problem
			if err := json.Unmarshal([]byte(got.body), &p); err != nil || p.Type != "urn:problem-type:internal" || got.status != 500 {
				t.Errorf("response = %d %s, want 500 and an internal problem", got.status, got.body)
			}
			if strings.Contains(got.body, "hunter2") || got.header.Get("Location") != "" {
				t.Errorf("response = %v %s, want nothing of the panic or the response before it", got.header, got.body)
			}
			record := onlyRecord(t, log)
			text, _ := record["error"].(string)
			if !strings.Contains(text, "TestRecoverRespondsToAPanic") || value != nil && !strings.Contains(text, "hunter2") || record["level"] != "ERROR" {
				t.Errorf("record = %v, want the panic and its stack at error level", record)
			}
		})
	}
}

func TestRecoverAbortsAResponseThatHasBegun(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(w http.ResponseWriter){
		"by bytes": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, "half of it")
		},
		"by a status": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		"by a flush": func(w http.ResponseWriter) {
			_ = http.NewResponseController(w).Flush()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems, log := newProblems()
			got, err := get(t, middleware.Recover(problems)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				begin(w)
				panic("boom")
			})), "/")
			if err == nil || strings.Contains(got.body, "internal") {
				t.Errorf("response = %q, %v, want the connection cut", got.body, err)
			}
			if text, _ := onlyRecord(t, log)["error"].(string); !strings.Contains(text, "boom") {
				t.Errorf("log = %q, want the panic", text)
			}
		})
	}
}

func TestRecoverLetsAnAbortPass(t *testing.T) {
	t.Parallel()
	problems, log := newProblems()
	got, err := get(t, middleware.Recover(problems)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	})), "/")
	if err == nil {
		t.Errorf("response = %q, want none", got.body)
	}
	if found := records(t, log); len(found) != 0 {
		t.Errorf("log = %v, want nothing", found)
	}
}
