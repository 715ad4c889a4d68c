package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/privacy"
	"commitment/internal/fault"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/problem"
)

// problemOf returns what a client sees of an error that a handler returns.
func problemOf(t *testing.T, err error) *problem.Problem {
	t.Helper()
	pw := &problem.Writer{Classify: classifyWith(postgres.Constraints(nil).Classify)}
	return pw.From(t.Context(), err)
}

// entError is an error of Ent's and what a client is told of it.
type entError struct {
	name     string
	err      error
	status   int
	code     string
	pointer  string
	sentence string
}

func (tt entError) check(t *testing.T) {
	t.Helper()
	want := &problem.Problem{
		Type: "urn:problem-type:" + tt.code, Title: problemOf(t, tt.err).Title, Status: tt.status, Detail: tt.sentence,
	}
	if tt.pointer != "" {
		want.Errors = []problem.FieldError{{Pointer: tt.pointer, Detail: tt.sentence}}
	}
	if diff := cmp.Diff(want, problemOf(t, tt.err)); diff != "" {
		t.Errorf("%s: %v becomes (-want +got):\n%s", tt.name, tt.err, diff)
	}
}

func openClient(t *testing.T) *ent.Client {
	t.Helper()
	db, err := postgres.Open(postgres.Options{URL: pgtest.OwnerURL(t), MaxOpenConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return ent.NewClient(ent.Driver(entsql.OpenDB(dialect.Postgres, db)))
}

func TestEntsErrors(t *testing.T) {
	t.Parallel()
	client, ctx := openClient(t), t.Context()
	for _, tt := range []entError{
		{"a text that is too long", rowtest.Insert(ctx, client, strings.Repeat("x", 256)),
			422, "invalid", "#/key", "value is greater than the required rune length"},
		{"a text that is empty", rowtest.Insert(ctx, client, ""),
			422, "invalid", "#/key", "value is less than the required length"},
		{"a field that is missing", client.IdempotencyKey.Create().Exec(ctx),
			422, "invalid", "#/subject", "is required"},
		{"what isn't there", func() error { _, err := client.IdempotencyKey.Get(ctx, uuid.New()); return err }(),
			404, "not-found", "", "not found"},
	} {
		tt.check(t)
	}
}

func TestAPolicysDecision(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{privacy.Deny, "not allowed"},
		{privacy.Denyf("user 5 isn't in tenant 7"), "not allowed"},
		{fmt.Errorf("query: %w", privacy.Deny), "not allowed"},
		{fault.New(fault.Forbidden, "", "only editors may publish"), "only editors may publish"},
	} {
		if p := problemOf(t, tt.err); p.Status != http.StatusForbidden || p.Detail != tt.want {
			t.Errorf("%v has the response %d %q, want 403 %q", tt.err, p.Status, p.Detail, tt.want)
		}
	}
	for _, err := range []error{privacy.Skip, privacy.Allow} {
		if p := problemOf(t, err); p.Status != http.StatusInternalServerError {
			t.Errorf("%v has the response %d, want 500", err, p.Status)
		}
	}
}

func TestWhatAValidatorSays(t *testing.T) {
	t.Parallel()
	const hidden = "a value isn't valid"
	for _, tt := range []struct {
		said error
		want string
	}{
		{errors.New("must be in lower case"), "must be in lower case"},
		{fmt.Errorf("%d is odd", 7), "7 is odd"},
		{fmt.Errorf("read /etc/rules: %w", io.EOF), hidden},
		{fmt.Errorf("%w, %w", io.EOF, io.ErrUnexpectedEOF), hidden},
		{errors.Join(io.EOF), hidden},
		{&url.Error{Op: "parse", URL: "x", Err: io.EOF}, hidden},
		{errors.New(strings.Repeat("x", 201)), hidden},
	} {
		if got := reason(fmt.Errorf(`ent: validator failed for field "Product.name": %w`, tt.said)); got != tt.want {
			t.Errorf("of %q is shown %q, want %q", tt.said, got, tt.want)
		}
	}
	if got := reason(fmt.Errorf("ent: %w", errors.New(`unknown column "x" for table "things"`))); got != hidden {
		t.Errorf("of another error is shown %q, want %q", got, hidden)
	}
}

func TestErrorsKeepTheirHeaders(t *testing.T) {
	t.Parallel()
	challenge := http.Header{"Www-Authenticate": {`Bearer realm="api"`}}
	for name, err := range map[string]error{
		"a fault":      huma.ErrorWithHeaders(fault.New(fault.Unauthenticated, "", "who are you?"), challenge),
		"huma's error": huma.ErrorWithHeaders(huma.Error401Unauthorized("who are you?"), challenge),
		"a wrapped one": fmt.Errorf("authenticate: %w",
			huma.ErrorWithHeaders(fault.New(fault.Unauthenticated, "", "who are you?"), challenge)),
	} {
		p := problemOf(t, err)
		want := http.Header{"Www-Authenticate": {`Bearer realm="api"`}, "Cache-Control": {"no-store"}}
		if diff := cmp.Diff(want, p.ResponseHeader()); diff != "" || p.Status != http.StatusUnauthorized || p.Detail != "who are you?" {
			t.Errorf("%s has the response %d %q, header (-want +got):\n%s", name, p.Status, p.Detail, diff)
		}
	}
	if p := problemOf(t, fault.New(fault.Unavailable, "", "come back later")); p.ResponseHeader().Get("Retry-After") != "1" {
		t.Errorf("header = %v, want Retry-After", p.ResponseHeader())
	}
}
