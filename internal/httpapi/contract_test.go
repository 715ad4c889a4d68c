package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// CheckContract returns h, and fails the test for each of its responses that isn't what
// the document of h, at /openapi.json, says of the operation.
func CheckContract(t *testing.T, h http.Handler) http.Handler {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	c := readContract(t, w.Body.String())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		observed := &observer{ResponseWriter: w}
		h.ServeHTTP(observed, r)
		for _, broken := range c.check(r, observed) {
			t.Errorf("%s %s: %d %s\n%s", r.Method, r.URL.Path, observed.status, broken, &observed.body)
		}
	})
}

// observer keeps what it passes on.
type observer struct {
	http.ResponseWriter
	status int
	header http.Header
	body   bytes.Buffer
}

// Unwrap is for [http.ResponseController].
func (o *observer) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// WriteHeader passes the status on.
func (o *observer) WriteHeader(status int) {
	if o.status < http.StatusOK {
		o.status, o.header = status, o.Header().Clone()
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write passes a part of the body on.
func (o *observer) Write(p []byte) (int, error) {
	if o.status < http.StatusOK {
		o.WriteHeader(http.StatusOK)
	}
	o.body.Write(p)
	return o.ResponseWriter.Write(p)
}

// contract is a document of OpenAPI 3.1. Unlike for a client, its schemas of objects are
// closed: a response has no members that they don't describe.
type contract struct {
	document map[string]any
	paths    []pathTemplate
	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

// pathTemplate is a path of the document. Those with the most literal text come first.
type pathTemplate struct {
	template string
	matches  *regexp.Regexp
}

// contracts are those that were read, by their text: many tests have the same.
var contracts sync.Map

func readContract(t *testing.T, text string) *contract {
	t.Helper()
	if known, ok := contracts.Load(text); ok {
		return known.(*contract)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("/openapi.json: %v: %s", err, text)
	}
	c := &contract{document: document.(map[string]any), compiler: jsonschema.NewCompiler()}
	closeSchemas(document)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource("openapi.json", document); err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`\\\{[^}]*\\\}`)
	for template := range object(c.document["paths"]) {
		pattern := parameter.ReplaceAllString(regexp.QuoteMeta(template), "[^/]+")
		c.paths = append(c.paths, pathTemplate{template, regexp.MustCompile("^" + pattern + "$")})
	}
	literal := func(p pathTemplate) int { return len(parameter.ReplaceAllString(regexp.QuoteMeta(p.template), "")) }
	slices.SortFunc(c.paths, func(a, b pathTemplate) int { return literal(b) - literal(a) })
	contracts.Store(text, c)
	return c
}

func closeSchemas(value any) {
	switch value := value.(type) {
	case map[string]any:
		if _, described := value["properties"].(map[string]any); described && value["type"] != nil && value["additionalProperties"] == nil {
			value["additionalProperties"] = false
		}
		for _, v := range value {
			closeSchemas(v)
		}
	case []any:
		for _, v := range value {
			closeSchemas(v)
		}
	}
}

// object is a member of the document that is an object, or an empty one.
func object(value any) map[string]any {
	o, _ := value.(map[string]any)
	return o
}

// at returns the object at a pointer, and the pointer that it was found by in the end.
func (c *contract) at(pointer string) (map[string]any, string) {
	value := any(c.document)
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		value = object(value)[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	if ref, ok := object(value)["$ref"].(string); ok {
		return c.at(strings.TrimPrefix(ref, "#"))
	}
	return object(value), pointer
}

// operation is the pointer to the operation that a request asks for, or "".
func (c *contract) operation(r *http.Request) string {
	method := strings.ToLower(r.Method)
	if r.Method == http.MethodHead {
		method = "get"
	}
	for _, p := range c.paths {
		item := object(object(c.document["paths"])[p.template])
		if item[method] != nil && p.matches.MatchString(r.URL.EscapedPath()) {
			return "/paths/" + strings.ReplaceAll(p.template, "/", "~1") + "/" + method
		}
	}
	return ""
}

// check returns how a response breaks the contract.
func (c *contract) check(r *http.Request, o *observer) []string {
	operation := c.operation(r)
	if operation == "" || o.status == 0 || o.status == statusClientGone {
		return nil
	}
	response, pointer := c.at(operation + "/responses/" + strconv.Itoa(o.status))
	if response == nil {
		if op, _ := c.at(operation); undescribed(op, r) {
			return nil
		}
		return []string{"isn't listed"}
	}
	broken := checkHeader(object(response["headers"]), o.header, c)
	content := object(response["content"])
	mediaType, _, _ := mime.ParseMediaType(o.header.Get("Content-Type"))
	media := object(content[mediaType])
	switch {
	case r.Method == http.MethodHead || mediaType == "text/event-stream" && media != nil:
		return broken
	case media == nil:
		if o.body.Len() > 0 || content != nil {
			broken = append(broken, fmt.Sprintf("has a body of %q, want one of %v", mediaType, slices.Collect(maps.Keys(content))))
		}
		return broken
	}
	if r.URL.Query().Has("fields") && o.status == http.StatusOK {
		return broken // members are left out, required ones too
	}
	if err := c.validate(pointer+"/content/"+strings.ReplaceAll(mediaType, "/", "~1")+"/schema", o.body.Bytes()); err != nil {
		broken = append(broken, err.Error())
	}
	if examples := object(media["examples"]); mediaType == "application/problem+json" && examples != nil {
		var problem struct{ Type string }
		_ = json.Unmarshal(o.body.Bytes(), &problem) // it was validated
		if code := strings.TrimPrefix(problem.Type, "urn:problem-type:"); examples[code] == nil {
			broken = append(broken, fmt.Sprintf("has the code %q, want one of %v: pass errors of its own to handle", code, slices.Sorted(maps.Keys(examples))))
		}
	}
	return broken
}

// statusClientGone is seen by nobody.
const statusClientGone = 499

// undescribed reports whether a request has what its operation doesn't describe, a body
// or a precondition: then its response isn't described either.
func undescribed(op map[string]any, r *http.Request) bool {
	if op["requestBody"] == nil && r.ContentLength != 0 {
		return true
	}
	parameters, _ := op["parameters"].([]any)
	return r.Header["If-Match"] != nil && !slices.ContainsFunc(parameters, func(p any) bool { return object(p)["name"] == "If-Match" })
}

// contractHeaders are those of which no response has one that isn't described.
var contractHeaders = []string{"Etag", "Idempotent-Replayed", "Location", "Retry-After", "X-Request-Id"}

func checkHeader(described map[string]any, header http.Header, c *contract) (broken []string) {
	names := map[string]bool{}
	for name, h := range described {
		names[http.CanonicalHeaderKey(name)] = true
		if ref, ok := object(h)["$ref"].(string); ok {
			h, _ = c.at(strings.TrimPrefix(ref, "#"))
		}
		if object(h)["required"] == true && header.Get(name) == "" {
			broken = append(broken, "lacks the header "+name)
		}
	}
	for _, name := range contractHeaders {
		if header[name] != nil && !names[name] {
			broken = append(broken, "has the header "+name+", which isn't described")
		}
	}
	return broken
}

// validate checks a body by the schema at a pointer.
func (c *contract) validate(pointer string, body []byte) error {
	c.mu.Lock()
	schema, err := c.compiler.Compile("openapi.json#" + pointer)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}
