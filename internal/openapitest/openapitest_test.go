package openapitest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// failures are what a test would report.
type failures struct {
	testing.TB

	messages []string
}

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.messages = append(f.messages, fmt.Sprintf(format, args...))
}

// service is a document of one operation.
const service = `{
	"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "tags": [{"name": "Things", "description": "A thing."}],
	"paths": {"/v1/things/{id}": {"get": {
		"operationId": "readThing", "summary": "Read a thing", "description": "It has a name.", "tags": ["Things"],
		"parameters": [{"name": "id", "in": "path", "required": true, "description": "Its id.", "schema": {"type": "string"}}],
		"responses": {
			"200": {"description": "OK", "headers": {"ETag": {"$ref": "#/components/headers/ETag"}, "X-Request-Id": {}},
				"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
			"304": {"description": "Not modified", "headers": {"ETag": {"$ref": "#/components/headers/ETag"}, "X-Request-Id": {}}},
			"400": {}, "422": {}, "500": {}, "503": {},
			"default": {"description": "Any other error", "headers": {"X-Request-Id": {}}}
		}
	}}},
	"components": {
		"headers": {"ETag": {"required": true, "schema": {"type": "string"}}},
		"schemas": {
			"Thing": {"type": "object", "required": ["name"], "properties": {
				"name": {"type": "string", "examples": ["anvil"]},
				"size": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 9, "examples": [1]}
			}}
		}
	}
}`

// problem is the response of a status.
const problem = `{"description": "An error", "headers": {"X-Request-Id": {}}, "content": {"application/problem+json": {
	"schema": {"type": "object", "properties": {"type": {"type": "string"}}},
	"examples": {"odd": {"value": {"type": "urn:problem-type:odd", "status": %s, "detail": "it's odd"}}}
}}}`

func text() string {
	document := service
	for _, status := range []string{"400", "422", "500", "503"} {
		document = strings.Replace(document, fmt.Sprintf("%q: {}", status), fmt.Sprintf("%q: "+problem, status, status), 1)
	}
	return document
}

// serve returns a server of the document, with one response to everything else.
func serve(document string, status int, header http.Header, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/openapi.json" {
			_, _ = io.WriteString(w, document)
			return
		}
		maps.Copy(w.Header(), header)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const thing, odd = "application/json", "application/problem+json"
	header := func(contentType string, more ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		if contentType != "" {
			h.Set("Content-Type", contentType)
		}
		return h
	}
	for name, tt := range map[string]struct {
		request string
		status  int
		header  http.Header
		body    string
		want    string // "" is no violation
	}{
		"what is described":                   {"GET /v1/things/1", 200, header(thing, "ETag", "1"), `{"name":"x"}`, ""},
		"a charset":                           {"GET /v1/things/1", 200, header(thing+"; charset=utf-8", "ETag", "1"), `{"name":"x"}`, ""},
		"a response without a body":           {"GET /v1/things/1", 304, header("", "ETag", "1"), "", ""},
		"a problem of an example":             {"GET /v1/things/1", 422, header(odd), `{"type":"urn:problem-type:odd"}`, ""},
		"HEAD":                                {"HEAD /v1/things/1", 200, header(thing, "ETag", "1"), "", ""},
		"another path":                        {"GET /v1/things/1/parts", 404, header("text/plain"), "x", ""},
		"another method":                      {"PUT /v1/things/1", 405, header("text/plain"), "x", ""},
		"a client that is gone":               {"GET /v1/things/1", 499, header(odd), `{}`, ""},
		"a status":                            {"GET /v1/things/1", 409, header(odd), `{}`, "the 409 response isn't described"},
		"a header that is missing":            {"GET /v1/things/1", 200, header(thing), `{"name":"x"}`, "has no header ETag"},
		"a header that is unknown":            {"GET /v1/things/1", 200, header(thing, "ETag", "1", "Location", "/"), `{"name":"x"}`, "has the header Location"},
		"a media type":                        {"GET /v1/things/1", 200, header("text/plain", "ETag", "1"), `{"name":"x"}`, `has the media type "text/plain", want one of ["application/json"]`},
		"a body where there is none":          {"GET /v1/things/1", 304, header(thing, "ETag", "1"), `{"name":"x"}`, "has the media type"},
		"a member that is missing":            {"GET /v1/things/1", 200, header(thing, "ETag", "1"), `{}`, "missing property 'name'"},
		"a member of another type":            {"GET /v1/things/1", 200, header(thing, "ETag", "1"), `{"name":1}`, "got number, want string"},
		"a member that is unknown":            {"GET /v1/things/1", 200, header(thing, "ETag", "1"), `{"name":"x","color":1}`, "additional properties 'color' not allowed"},
		"an integer out of bounds":            {"GET /v1/things/1", 200, header(thing, "ETag", "1"), `{"name":"x","size":10}`, "maximum: got 10, want 9"},
		"no JSON":                             {"GET /v1/things/1", 200, header(thing, "ETag", "1"), `x`, "invalid character"},
		"a problem of a code without example": {"GET /v1/things/1", 422, header(odd), `{"type":"urn:problem-type:even"}`, `has the code "even", want one of ["odd"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &failures{TB: t}
			method, path, _ := strings.Cut(tt.request, " ")
			h := Check(f, serve(text(), tt.status, tt.header, tt.body))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody))
			got := strings.Join(f.messages, "\n")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("violations = %q, want %q", got, tt.want)
			}
		})
	}
}

// TestCheckInAnyFolder runs in one whose name has to be escaped in a URL.
func TestCheckInAnyFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder, 100%")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	document := strings.Replace(text(), "Its id.", "The id.", 1) // parsed by no other test
	h := Check(t, serve(document, 200, http.Header{"Content-Type": {"application/json"}, "Etag": {"1"}}, `{"name":"x"}`))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/things/1", http.NoBody))
}

func TestCheckDocument(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		replace, by string
		want        string
	}{
		"nothing":                    {"x", "x", ""},
		"a reference to nothing":     {"schemas/Thing", "schemas/Think", "#/components/schemas/Think leads nowhere"},
		"an id with a hyphen":        {"readThing", "read-thing", `id = "read-thing"`},
		"no description":             {"It has a name.", "", `summary "Read a thing", description ""`},
		"a tag that isn't described": {`"description": "A thing."`, `"x": ""`, "tags = [Things]"},
		"a parameter of no path":     {"{id}", "{name}", `parameters = ["path id"], want ["path name"]`},
		"a parameter without words":  {`"description": "Its id.",`, "", "the parameter id has no description"},
		"no success":                 {`"200"`, `"302"`, "want a success"},
		"no 503":                     {`"503"`, `"504"`, "503 isn't described"},
		"an example of other status": {`"status": 400`, `"status": 409`, "the example odd of 400 is"},
		"no example of a member":     {`, "examples": ["anvil"]`, "", "GET /v1/things/{id} 200/name has no example"},
		"an integer without bounds":  {`"minimum": 0, "maximum": 9,`, "", "want bounds within 2^53 - 1"},
		"an integer of 64 bits":      {`"maximum": 9`, `"maximum": 9223372036854775807`, "want bounds within 2^53 - 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &failures{TB: t}
			names := CheckDocument(f, serve(strings.ReplaceAll(text(), tt.replace, tt.by), 200, nil, ""))
			if got := strings.Join(f.messages, "\n"); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) || len(names) != 1 {
				t.Errorf("failures of %q = %q, want %q", names, got, tt.want)
			}
		})
	}
}
