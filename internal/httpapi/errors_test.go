package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestBodiesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	const good = `{"name":"x","kind":"new"}`
	tests := []struct {
		name, body, contentType string
		status                  int
		code                    string
		blamed                  []string
	}{
		{"no body", "", "application/json", 400, "malformed", nil},
		{"no JSON", "name=x", "application/json", 400, "malformed", []string{"#"}},
		{"half a body", good[:12], "application/json", 400, "malformed", []string{"#"}},
		{"trailing garbage", good + "x", "application/json", 400, "malformed", []string{"#"}},
		{"two bodies", good + good, "application/json", 400, "malformed", []string{"#"}},
		{"a body nested deeply", strings.Repeat("[", maxBody), "application/json", 400, "malformed", []string{"#"}},
		{"a number", "5", "application/json", 422, "invalid", []string{"#"}},
		{"a form", good, "application/x-www-form-urlencoded", 415, "unsupported-media-type", []string{"#"}},
		{"plain text", good, "text/plain", 415, "unsupported-media-type", []string{"#"}},
		{"nonsense for a type", good, "a;b+c", 415, "unsupported-media-type", []string{"#"}},
		{"no type", good, "", 415, "unsupported-media-type", []string{"#"}},
		{"parts of a form", good, "multipart/form-data; boundary=x", 415, "unsupported-media-type", []string{"#"}},
		{"two types", good, "application/json, text/plain", 415, "unsupported-media-type", []string{"#"}},
		{"another charset", good, "application/json; charset=iso-8859-1", 415, "unsupported-media-type", []string{"#"}},
		{"no body and no type", "", "", 400, "malformed", nil},
		{"a member that is given twice", `{"name":"x","name":"y","kind":"new"}`, "application/json", 400, "malformed", []string{"#"}},
		{"a member that is given twice, once escaped", `{"name":"x","\u006eame":"y","kind":"new"}`, "application/json", 400, "malformed", []string{"#"}},
		{"a member that is given twice in an object inside", `{"name":{"a":1,"a":2},"kind":"new"}`, "application/json", 400, "malformed", []string{"#"}},
		{"a member that is given twice, with an object between", `{"name":{"kind":1},"kind":"new","name":"x"}`, "application/json", 400, "malformed", []string{"#"}},
		{"the same member in several objects", `{"name":{"name":[{"name":1},{"name":2}]},"kind":"new"}`, "application/json", 422, "invalid", []string{"#/name"}},
		{"a member of an object inside that comes later, too", `{"name":{"kind":1},"kind":"new"}`, "application/json", 422, "invalid", []string{"#/name"}},
		{"many members, one of them twice", manyMembers() + `,"m7":1}`, "application/json", 400, "malformed", []string{"#"}},
		{"many members, a late one twice", manyMembers() + `,"m39":1}`, "application/json", 400, "malformed", []string{"#"}},
		{"as many members in each of two objects", `{"name":` + manyMembers() + `},"kind":` + manyMembers() + `}}`, "application/json", 422, "invalid", []string{"#/kind", "#/name"}},
		{"half of a surrogate pair", `{"name":"\ud800","kind":"new"}`, "application/json", 400, "malformed", []string{"#"}},
		{"the other half", `{"name":"\udc00\ud800","kind":"new"}`, "application/json", 400, "malformed", []string{"#"}},
		{"half of a pair and text", `{"name":"\ud800\u0041","kind":"new"}`, "application/json", 400, "malformed", []string{"#"}},
		{"half of a pair at the end of a name", `{"\ud800":"x"}`, "application/json", 400, "malformed", []string{"#"}},
		{"bytes that aren't UTF-8", "{\"name\":\"\xff\",\"kind\":\"new\"}", "application/json", 400, "malformed", []string{"#"}},
		{"a surrogate in UTF-8", "{\"name\":\"\xed\xa0\x80\",\"kind\":\"new\"}", "application/json", 400, "malformed", []string{"#"}},
		{"a long name of a member", `{"` + strings.Repeat("x", 300) + `":1}`, "application/json", 400, "malformed", []string{"#"}},
		{"a long number", `{"name":` + strings.Repeat("1", 1000) + "}", "application/json", 400, "malformed", []string{"#"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := s.refused(t, tt.status, "POST", "/v1/things", tt.body, "Content-Type", tt.contentType)
			p.want(t, tt.code, tt.blamed...)
		})
	}
}

// manyMembers is an object with 40 members, up to its end.
func manyMembers() string {
	text := "{"
	for i := range 40 {
		text += fmt.Sprintf(`"m%d":%d,`, i, i)
	}
	return strings.TrimSuffix(text, ",")
}

func TestContentTypesOfJSON(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	path := s.add(t, "a")
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "application/merge-patch+json"} {
		a := s.send(t, "PATCH", path, `{"name":"a"}`, "Content-Type", contentType, "Accept", "text/html")
		a.want(t, http.StatusOK).wantHeader(t, "Content-Type", "application/json")
	}
	s.refused(t, http.StatusUnsupportedMediaType, "PATCH", path, "[]", "Content-Type", "text/json-patch").want(t, "unsupported-media-type", "#")
}

// unsized hides the length of a reader, so that its body is sent in chunks.
type unsized struct{ io.Reader }

func TestBodiesHaveALimit(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	body := func(name string, size int) string {
		text := fmt.Sprintf(`{"name":%q,"kind":"new"}`, name)
		return text + strings.Repeat(" ", size-len(text))
	}
	for name, send := range map[string]func(body string) response{
		"declared": func(body string) response { return s.send(t, "POST", "/v1/things", body) },
		"chunked": func(body string) response {
			return s.sendReader(t, "POST", "/v1/things", unsized{strings.NewReader(body)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			send(body(name, maxBody)).want(t, http.StatusCreated)
			for _, size := range []int{maxBody + 1, 2 * maxBody} {
				before := len(s.rows(t))
				send(body(name+" too large", size)).problem(t, http.StatusRequestEntityTooLarge).want(t, "request-entity-too-large")
				if after := len(s.rows(t)); after != before {
					t.Errorf("rows = %d, want %d", after, before)
				}
			}
		})
	}
}

func TestBodiesThatBreakOff(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	for name, body := range map[string]string{
		"sooner than declared": "Content-Length: 100\r\n\r\n{\"name\":",
		"in a chunk":           "Transfer-Encoding: chunked\r\n\r\n20\r\n{\"name\":",
		"in a size":            "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s", body)
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			a := response{status: resp.StatusCode, header: resp.Header, body: string(text)}
			if a.status != 499 { // whether net/http has noticed yet that the client stopped sending
				a.problem(t, http.StatusBadRequest).want(t, "malformed")
			}
		})
	}
}

func TestPathsThatAreNotThere(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	for _, path := range []string{"/v1", "/v1/", "/v1/things/", "/v2/things", "/docsx", "/healthz/x", "/%2e%2e/v1/things"} {
		s.refused(t, http.StatusNotFound, "GET", path, "").want(t, "not-found")
	}
}

func TestMethodsThatAreNotAllowed(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	thing := s.add(t, "a")
	for path, want := range map[string][]string{
		"/v1/things":                     {"GET", "HEAD", "POST"},
		thing:                            {"DELETE", "GET", "HEAD", "PATCH"},
		"/v1/things/" + uuid.NewString(): {"DELETE", "GET", "HEAD", "PATCH"},
		"/v1/things/a%2Fb":               {"DELETE", "GET", "HEAD", "PATCH"},
		"/readyz":                        {"GET", "HEAD"},
		"/openapi.json":                  {"GET", "HEAD"},
		"/docs/":                         {"GET", "HEAD"},
	} {
		for _, method := range []string{"PUT", "OPTIONS", "PURGE"} {
			p := s.refused(t, http.StatusMethodNotAllowed, method, path, "")
			p.want(t, "method-not-allowed")
			got := p.header.Values("Allow")
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s %s: Allow = %q, want %q", method, path, got, want)
			}
		}
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	for _, path := range []string{
		"/v1/things", s.add(t, "a"),
		"/v1/things/" + uuid.NewString(), "/openapi.json",
	} {
		get, head := s.send(t, "GET", path, ""), s.send(t, "HEAD", path, "")
		head.want(t, get.status)
		for _, name := range []string{"Content-Type", "ETag", "Cache-Control"} {
			head.wantHeader(t, name, get.header.Get(name))
		}
		if head.body != "" {
			t.Errorf("HEAD %s: body = %q, want none", path, head.body)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	for _, id := range []string{"a", "Az0._-", strings.Repeat("x", 128)} {
		s.send(t, "GET", "/v1/things", "", "X-Request-Id", id).wantHeader(t, "X-Request-Id", id)
		p := s.refused(t, http.StatusUnprocessableEntity, "POST", "/v1/things", "{}", "X-Request-Id", id)
		if p.RequestID != id {
			t.Errorf("request id = %q, want %q", p.RequestID, id)
		}
		if !strings.Contains(s.log.String(), "request_id="+id) {
			t.Errorf("the log doesn't have the id %q", id)
		}
	}
	for _, id := range []string{"", "a b", "<script>", "é", "a=1", strings.Repeat("x", 129)} {
		got := s.send(t, "GET", "/v1/things", "", "X-Request-Id", id).header.Get("X-Request-Id")
		if parsed, err := uuid.Parse(got); err != nil || parsed.Version() != 7 {
			t.Errorf("X-Request-Id for %q = %q, want a UUIDv7", id, got)
		}
	}
}

func TestInternalErrorsShowNothing(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	// The view is nothing to insert into.
	s.exec(t, `ALTER TABLE idempotency_keys RENAME TO hidden; CREATE VIEW idempotency_keys AS SELECT DISTINCT * FROM hidden`)
	p := s.refused(t, http.StatusInternalServerError, "POST", "/v1/things", `{"name":"x","kind":"new"}`, "X-Request-Id", "the-one")
	p.want(t, "internal")
	if p.header.Get("Retry-After") != "" {
		t.Errorf("Retry-After = %q, want none", p.header.Get("Retry-After"))
	}
	logged := slices.ContainsFunc(strings.Split(s.log.String(), "\n"), func(line string) bool {
		return strings.Contains(line, "level=ERROR") && strings.Contains(line, "cannot insert into view") && strings.Contains(line, "request_id=the-one")
	})
	if !logged {
		t.Errorf("the log doesn't have the cause:\n%s", s.log)
	}
}
