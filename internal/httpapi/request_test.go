package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"commitment/internal/httpapi"
)

// sendRaw sends a request as it is written, and reads the response.
func (s *service) sendRaw(t *testing.T, lines ...string) response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, strings.Join(lines, "\r\n"))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{status: resp.StatusCode, header: resp.Header, body: string(body)}
}

func TestErrorsThatAreListedHaveALimit(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	unknown := func(members int) string {
		var body strings.Builder
		body.WriteString(`{"name":"x","kind":"new"`)
		for i := range members {
			fmt.Fprintf(&body, `,"m%d":1`, i)
		}
		return body.String() + "}"
	}
	for members, detail := range map[int]string{
		20:  "validation failed",
		21:  "validation failed: the first 20 of 21 errors",
		300: "validation failed: the first 20 of 300 errors",
	} {
		p := s.refused(t, http.StatusUnprocessableEntity, "POST", "/v1/things", unknown(members))
		if len(p.Errors) != 20 || p.Detail != detail {
			t.Errorf("%d unknown members: %d errors, %q, want 20, %q", members, len(p.Errors), p.Detail, detail)
		}
	}
	query := strings.Repeat("x&", 10) + "a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q&r&s&t&u&v"
	if p := s.refused(t, http.StatusUnprocessableEntity, "GET", "/v1/things?"+query, ""); len(p.Errors) != 20 {
		t.Errorf("unknown parameters: %d errors, want 20", len(p.Errors))
	}
}

func TestAnErrorDoesNotRepeatTheBody(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	long := strings.Repeat("1", maxBody/2)
	for _, body := range []string{
		`{"name":` + long + `}`,
		`{"name":1e` + long + `}`,
		`{"name":"x","kind":"` + long + `"}`,
		`{"` + long + `":1}`,
		strings.Repeat("[", maxBody/2) + strings.Repeat("]", maxBody/2),
		strings.Repeat(`{"a":`, maxBody/8) + "1" + strings.Repeat("}", maxBody/8),
	} {
		if a := s.send(t, "POST", "/v1/things", body); a.status < 400 || a.status > 422 || len(a.body) > 1000 {
			t.Errorf("%.20s…: %d with %d bytes, want an error of at most 1000 bytes", body, a.status, len(a.body))
		}
	}
}

func TestTextThatJSONEscapesIsKept(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	for body, want := range map[string]string{
		`{"name":"\ud83d\ude00 \\ud800 \u00e9","kind":"new"}`:   `😀 \ud800 é`,
		`{"name":"\"{[,:\\", "\u006bind" : "new"}`:              `"{[,:\`,
		"{\n\t\"name\"\r\n : \"\u2028\" ,\"kind\":\"new\"\n}\n": "\u2028",
	} {
		a := s.send(t, "POST", "/v1/things", body).want(t, http.StatusCreated)
		if got := decode[httpapi.Thing](t, a).Name; got != want {
			t.Errorf("name of %s = %q, want %q", body, got, want)
		}
	}
}

func TestNothingIsTakenWithoutAContentType(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	thing := s.add(t, "a")
	for _, to := range []string{"POST /v1/things", "PATCH " + thing} {
		method, path, _ := strings.Cut(to, " ")
		body := `{"name":"b","kind":"new"}`
		s.refused(t, http.StatusUnsupportedMediaType, method, path, body, "Content-Type", "").want(t, "unsupported-media-type", "#")
		s.refused(t, http.StatusUnsupportedMediaType, method, path, body, "Content-Encoding", "gzip").want(t, "unsupported-media-type", "#")
		before := s.rows(t)
		chunked := s.sendReader(t, method, path, unsized{strings.NewReader(body)}, "Content-Type", "")
		chunked.problem(t, http.StatusUnsupportedMediaType).want(t, "unsupported-media-type", "#")
		if after := s.rows(t); len(after) != len(before) {
			t.Errorf("rows = %q, want %q", after, before)
		}
		s.sendReader(t, method, path, unsized{strings.NewReader("")}, "Content-Type", "").problem(t, http.StatusBadRequest)
	}
	s.sendRaw(t, "POST /v1/things HTTP/1.1", "Host: x", "Content-Type: application/json", "Content-Type: text/plain",
		"Content-Length: 2", "", "{}").problem(t, http.StatusUnsupportedMediaType)
}

func TestABodyWhereNoneIsTaken(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	thing := s.add(t, "a")
	for _, method := range []string{"GET", "DELETE"} {
		s.refused(t, http.StatusBadRequest, method, thing, "{}").want(t, "malformed", "#")
	}
	s.sendReader(t, "DELETE", thing, unsized{strings.NewReader("")}, "Content-Type", "").want(t, http.StatusNoContent)
}

func TestParametersThatAreRepeatedOrEmpty(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	for query, blamed := range map[string]string{
		"limit=1&limit=2": "limit",
		"limit=1&limit=1": "limit",
		"limit=&limit=1":  "limit",
		"limit=":          "limit",
		"limit":           "limit",
		"after=":          "after",
	} {
		s.refused(t, http.StatusUnprocessableEntity, "GET", "/v1/things?"+query, "").want(t, "invalid", blamed)
	}
}

func TestLinesOfAHeaderAreOneList(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	path := s.add(t, "a")
	get := func(lines ...string) response {
		return s.sendRaw(t, append(append([]string{"GET " + path + " HTTP/1.1", "Host: x"}, lines...), "", "")...)
	}
	get(`If-None-Match: "0"`, `If-None-Match: W/"1"`).want(t, http.StatusNotModified)
	get(`If-Match: "0"`, `If-Match: "1"`).want(t, http.StatusOK)
	get(`If-Match: "0"`, `If-Match: "2"`).problem(t, http.StatusPreconditionFailed).want(t, "stale")
	remove := func(lines ...string) response {
		return s.sendRaw(t, append(append([]string{"DELETE " + path + " HTTP/1.1", "Host: x"}, lines...), "", "")...)
	}
	remove(`If-None-Match: "0"`, `If-None-Match: "1"`).problem(t, http.StatusPreconditionFailed).want(t, "stale")
	remove(`If-None-Match: *`).problem(t, http.StatusPreconditionFailed).want(t, "stale")
	remove(`If-Match: "0"`, `If-Match: "2"`).problem(t, http.StatusPreconditionFailed).want(t, "stale")
	remove(`If-Match: "0"`, `If-Match: "1"`).want(t, http.StatusNoContent)
}

func TestAPreconditionThatIsNotEvaluated(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	s.refused(t, http.StatusPreconditionFailed, "POST", "/v1/things", `{"name":"x","kind":"new"}`, "If-Match", `"1"`).want(t, "stale")
	s.refused(t, http.StatusPreconditionFailed, "GET", "/v1/things", "", "If-Match", `"1"`).want(t, "stale")
}
