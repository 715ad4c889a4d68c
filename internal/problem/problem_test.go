package problem_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/fault"
	"commitment/internal/problem"
)

// What huma expects of an error.
var (
	_ huma.StatusError       = (*problem.Problem)(nil)
	_ huma.ContentTypeFilter = (*problem.Problem)(nil)
)

var errDatabase = errors.New("relation products, password hunter2")

func TestFrom(t *testing.T) {
	t.Parallel()
	pw := &problem.Writer{
		Classify: func(err error) error {
			if errors.Is(err, errDatabase) {
				return fault.New(fault.Conflict, "already-exists", "this exists").With(err)
			}
			return err
		},
		RequestID: func(context.Context) string { return "r1" },
	}
	internal := problem.Problem{
		Type: "urn:problem-type:internal", Title: "Internal error", Status: 500, Detail: "the service failed; its log has the cause",
	}
	for _, tt := range []struct {
		name string
		err  error
		want problem.Problem
	}{
		{"hides an unclassified error", errors.New("secret"), internal},
		{"hides an internal error's sentence, code and fields", fault.New(fault.Internal, "secret", "secret").At("/secret"), internal},
		{"takes an unknown kind for internal", fault.New(fault.Kind(200), "", "secret"), problem.Problem{
			Type: "urn:problem-type:internal", Title: "Internal error", Status: 500, Detail: "the service failed; its log has the cause"}},
		{"takes a nil error for internal", nil, internal},
		{"malformed", fault.New(fault.Malformed, "", "bad syntax"), problem.Problem{
			Type: "urn:problem-type:malformed", Title: "Malformed request", Status: 400, Detail: "bad syntax"}},
		{"invalid, with every field", fmt.Errorf("open: %w", fault.New(fault.Invalid, "", "must be positive").At("/amount").At("limit").At("").At("/a b/é~1")),
			problem.Problem{
				Type: "urn:problem-type:invalid", Title: "Invalid request", Status: 422, Detail: "must be positive",
				Errors: []problem.FieldError{
					{Pointer: "#/amount", Detail: "must be positive"},
					{Parameter: "limit", Detail: "must be positive"},
					{Pointer: "#", Detail: "must be positive"},
					{Pointer: "#/a%20b/%C3%A9~1", Detail: "must be positive"},
				}}},
		{"a code of its own", fault.New(fault.Invalid, "insufficient-funds", "the balance is too low").With(errDatabase), problem.Problem{
			Type: "urn:problem-type:insufficient-funds", Title: "Insufficient funds", Status: 422, Detail: "the balance is too low"}},
		{"not found", fault.New(fault.NotFound, "", "no such product"), problem.Problem{
			Type: "urn:problem-type:not-found", Title: "Not found", Status: 404, Detail: "no such product"}},
		{"conflict", fault.New(fault.Conflict, "", "taken"), problem.Problem{
			Type: "urn:problem-type:conflict", Title: "Conflict", Status: 409, Detail: "taken"}},
		{"stale", fault.New(fault.Stale, "", "changed"), problem.Problem{
			Type: "urn:problem-type:stale", Title: "Stale version", Status: 412, Detail: "changed"}},
		{"unavailable", fault.New(fault.Unavailable, "busy", "the service is busy"), problem.Problem{
			Type: "urn:problem-type:busy", Title: "Busy", Status: 503, Detail: "the service is busy"}},
		{"unknown under one type, whatever its code", fault.New(fault.Unknown, "lost", "nobody knows"), problem.Problem{
			Type: "urn:problem-type:outcome-unknown", Title: "Outcome unknown", Status: 503, Detail: "nobody knows"}},
		{"an error that Classify knows", fmt.Errorf("insert: %w", errDatabase), problem.Problem{
			Type: "urn:problem-type:already-exists", Title: "Already exists", Status: 409, Detail: "this exists"}},
		{"a deadline of a call of the handler's own", fmt.Errorf("get: %w", context.DeadlineExceeded), internal},
		{"a body that is too large", fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 10}), problem.Problem{
			Type: "urn:problem-type:request-entity-too-large", Title: "Request entity too large", Status: 413, Detail: "the body is larger than 10 bytes"}},
		{"a status without a kind", fmt.Errorf("route: %w", problem.Status(405, "try GET")), problem.Problem{
			Type: "urn:problem-type:method-not-allowed", Title: "Method not allowed", Status: 405, Detail: "try GET"}},
		{"a status with a kind", problem.Status(422, "no"), problem.Problem{
			Type: "urn:problem-type:invalid", Title: "Invalid request", Status: 422, Detail: "no"}},
		{"503 as unavailable", problem.Status(503, "starting"), problem.Problem{
			Type: "urn:problem-type:unavailable", Title: "Unavailable", Status: 503, Detail: "starting"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.want.RequestID = "r1"
			if diff := cmp.Diff(&tt.want, pw.From(t.Context(), tt.err)); diff != "" {
				t.Errorf("From() differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnlyADisconnectedClientHasCanceled(t *testing.T) {
	t.Parallel()
	pw := &problem.Writer{}
	gone, leave := context.WithCancel(t.Context())
	leave()
	for _, err := range []error{fmt.Errorf("query: %w", context.Canceled), fault.New(fault.Canceled, "", "the client went away")} {
		want := &problem.Problem{Type: "urn:problem-type:canceled", Title: "Canceled by the client", Status: 499, Detail: "the client went away"}
		if diff := cmp.Diff(want, pw.From(gone, err)); diff != "" {
			t.Errorf("From(gone, %v) differs (-want +got):\n%s", err, diff)
		}
		if p := pw.From(t.Context(), err); p.Status != http.StatusInternalServerError {
			t.Errorf("From(%v) = %d to a client that waits, want 500", err, p.Status)
		}
	}
}

func TestUnavailableIsCanceledOnceTheClientIsGone(t *testing.T) {
	t.Parallel()
	log := &bytes.Buffer{}
	pw := &problem.Writer{Log: slog.New(slog.NewTextHandler(log, nil))}
	gone, leave := context.WithCancel(t.Context())
	leave()
	busy := fault.New(fault.Unavailable, "busy", "the service is busy")
	if p := pw.Report(gone, busy); p.Status != 499 || log.Len() > 0 {
		t.Errorf("Report(gone, %v) = %d, log = %q, want 499 and nothing above debug", busy, p.Status, log)
	}
	if p := pw.Report(t.Context(), busy); p.Status != http.StatusServiceUnavailable {
		t.Errorf("Report(%v) = %d to a client that waits, want 503", busy, p.Status)
	}
	for _, err := range []error{errDatabase, fault.New(fault.Unknown, "", "it is not known whether this request took effect")} {
		log.Reset()
		if p := pw.Report(gone, err); p.Status < http.StatusInternalServerError || !strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("Report(gone, %v) = %d, log = %q, want an error: it isn't the client's", err, p.Status, log)
		}
	}
}

func TestOnlyTheRequestsDeadlineIsATimeout(t *testing.T) {
	t.Parallel()
	pw := &problem.Writer{Classify: func(err error) error { return fault.New(fault.Unavailable, "", "can't be reached").With(err) }}
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for _, err := range []error{
		fmt.Errorf("query: %w", context.DeadlineExceeded),
		fmt.Errorf("query: %w", context.Canceled), // whoever saw the deadline first canceled it
		errors.Join(context.DeadlineExceeded, errDatabase),
	} {
		want := &problem.Problem{Type: "urn:problem-type:timeout", Title: "Timeout", Status: 503, Detail: "the request took too long"}
		if diff := cmp.Diff(want, pw.From(late, err)); diff != "" {
			t.Errorf("From(late, %v) differs (-want +got):\n%s", err, diff)
		}
	}
	if p := pw.From(late, errDatabase); p.Detail != "can't be reached" {
		t.Errorf("From(late, %v) = %v, want what Classify says", errDatabase, p)
	}
}

func TestFromLeavesASharedProblemAlone(t *testing.T) {
	t.Parallel()
	pw := &problem.Writer{RequestID: func(context.Context) string { return "r1" }}
	shared := problem.Status(http.StatusNotAcceptable, "no")
	_ = pw.From(t.Context(), shared)
	if shared.RequestID != "" {
		t.Errorf("RequestID = %q, want it unchanged", shared.RequestID)
	}
}

func TestProblemIsAnError(t *testing.T) {
	t.Parallel()
	p := problem.Status(http.StatusTooManyRequests, "slow down")
	if p.Error() != "slow down" || p.GetStatus() != 429 || p.ContentType("application/cbor") != "application/problem+json" {
		t.Errorf("problem = %q, %d, %q, want slow down, 429, application/problem+json", p.Error(), p.GetStatus(), p.ContentType("application/cbor"))
	}
	if got := problem.Status(http.StatusTooManyRequests, "").Error(); got != "Too many requests" {
		t.Errorf("Error() without a detail = %q, want the title", got)
	}
}

func TestBodyOmitsEmptyFields(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(problem.Status(http.StatusNotFound, "no such route"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"urn:problem-type:not-found","title":"Not found","status":404,"detail":"no such route"}`
	if string(body) != want {
		t.Errorf("body = %s, want %s", body, want)
	}
}
