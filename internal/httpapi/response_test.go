package httpapi_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// response is what a client received.
type response struct {
	status int
	header http.Header
	body   string
}

// want ends the test if the status is another.
func (r response) want(t *testing.T, status int) response {
	t.Helper()
	if r.status != status {
		t.Fatalf("status = %d, want %d; body %s", r.status, status, r.body)
	}
	return r
}

// wantHeader checks the value of a header field.
func (r response) wantHeader(t *testing.T, name, want string) {
	t.Helper()
	if got := r.header.Get(name); got != want {
		t.Errorf("%s = %q, want %q", name, got, want)
	}
}

// decode parses the body.
func decode[T any](t *testing.T, r response) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("body %q: %v", r.body, err)
	}
	return v
}

// problemBody is an RFC 9457 body.
type problemBody struct {
	Type      string
	Title     string
	Status    int
	Detail    string
	RequestID string `json:"request_id"`
	Errors    []struct{ Pointer, Parameter, Detail string }

	header http.Header
}

// internals are what no error may show: SQL, names of the database, Go.
var internals = regexp.MustCompile(`(?i)select |insert |update |delete from|sqlstate|constraint|relation|duplicate key|` +
	`_key\b|pgx|ent:|json:|go struct|go value|unmarshal|goroutine|\.go:|panic|[0-9]{5}\)|secret`)

// problem checks what all errors have in common.
func (r response) problem(t *testing.T, status int) problemBody {
	t.Helper()
	r.want(t, status)
	r.wantHeader(t, "Content-Type", "application/problem+json")
	r.wantHeader(t, "Cache-Control", "no-store")
	r.wantHeader(t, "X-Content-Type-Options", "nosniff")
	if r.header.Get("Location") != "" || r.header.Get("ETag") != "" {
		t.Errorf("header = %v, want neither Location nor ETag", r.header)
	}
	if found := internals.FindString(r.body); found != "" {
		t.Errorf("body shows %q: %s", found, r.body)
	}
	p := decode[problemBody](t, r)
	if p.Status != status || p.Title == "" || p.RequestID == "" || p.RequestID != r.header.Get("X-Request-Id") {
		t.Errorf("problem = %s, want status, title and the request's id", r.body)
	}
	p.header = r.header
	return p
}

// want checks the code of the problem and the parts of the request that it lists.
func (p problemBody) want(t *testing.T, code string, blamed ...string) {
	t.Helper()
	if got := strings.TrimPrefix(p.Type, "urn:problem-type:"); got != code {
		t.Errorf("type = %q, want %q", got, code)
	}
	var got []string
	for _, e := range p.Errors {
		got = append(got, e.Pointer+e.Parameter)
		if e.Detail == "" {
			t.Errorf("%s%s has no detail", e.Pointer, e.Parameter)
		}
	}
	slices.Sort(got)
	slices.Sort(blamed)
	if !slices.Equal(got, blamed) {
		t.Errorf("blamed = %q, want %q", got, blamed)
	}
}
