package httpapi_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

// want ends the test when the status is another one.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status = %d, want %d; body %s", a.status, status, a.body)
	}
	return a
}

// wantHeader checks a header field; want is a whole value.
func (a answer) wantHeader(t *testing.T, name, want string) {
	t.Helper()
	if got := a.header.Get(name); got != want {
		t.Errorf("%s = %q, want %q", name, got, want)
	}
}

// decode reads the body, which has to hold nothing that T doesn't know.
func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("body %q: %v", a.body, err)
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

// internals is what no error may show: SQL, names of the database, Go.
var internals = regexp.MustCompile(`(?i)select |insert |update |delete from|sqlstate|constraint|relation|duplicate key|` +
	`_key\b|pgx|ent:|json:|go struct|go value|unmarshal|goroutine|\.go:|panic|[0-9]{5}\)|secret`)

// problem checks that the answer is an error as every error has to be.
func (a answer) problem(t *testing.T, status int) problemBody {
	t.Helper()
	a.want(t, status)
	a.wantHeader(t, "Content-Type", "application/problem+json")
	a.wantHeader(t, "Cache-Control", "no-store")
	a.wantHeader(t, "X-Content-Type-Options", "nosniff")
	if a.header.Get("Location") != "" || a.header.Get("ETag") != "" {
		t.Errorf("header = %v, want neither Location nor ETag", a.header)
	}
	if found := internals.FindString(a.body); found != "" {
		t.Errorf("body shows %q: %s", found, a.body)
	}
	p := decode[problemBody](t, a)
	if p.Status != status || p.Title == "" || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("problem = %s, want status, title and the request's id", a.body)
	}
	p.header = a.header
	return p
}

// want checks the problem's code and the parts of the request that it blames.
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
