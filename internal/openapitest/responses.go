package openapitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Check returns h, and fails the test for each response of h that breaks the document: by
// a status, a header, a media type or a body that isn't described there, or by a problem
// whose code no example has. Members that a schema doesn't describe break it, too, though
// clients have to ignore them. The body of a request with a parameter `fields`, which has
// the members that the client wants, isn't checked.
func Check(tb testing.TB, h http.Handler) http.Handler {
	tb.Helper()
	c := parseContract(tb, read(tb, h))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response := &recorder{ResponseWriter: w}
		h.ServeHTTP(response, r)
		for _, violation := range c.violations(r, response) {
			tb.Errorf("%s %s: the %d response %s\n%s", r.Method, r.URL.Path, response.status, violation, &response.body)
		}
	})
}

// recorder keeps what it passes on.
type recorder struct {
	http.ResponseWriter

	status int
	header http.Header
	body   bytes.Buffer
}

// Unwrap is for [http.ResponseController].
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader passes the status on.
func (r *recorder) WriteHeader(status int) {
	if r.status < http.StatusOK {
		r.status, r.header = status, r.Header().Clone()
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write passes a part of the body on.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status < http.StatusOK {
		r.WriteHeader(http.StatusOK)
	}
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}

// statusClientGone is nginx's: no client sees it.
const statusClientGone = 499

// location is the document's. It is absolute: a relative one is a file in the working
// directory, whose name may need escapes.
const location = "urn:openapi.json"

// contract is a document with its schemas.
type contract struct {
	document object
	paths    []pathTemplate
	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

type pathTemplate struct {
	template string
	pattern  *regexp.Regexp
}

// contracts are those that were parsed, by their text: many tests have the same.
var contracts sync.Map

func parseContract(tb testing.TB, text string) *contract {
	tb.Helper()
	if known, ok := contracts.Load(text); ok {
		return known.(*contract)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		tb.Fatalf("/openapi.json: %v", err)
	}
	closeSchemas(document)
	c := &contract{document: document.(map[string]any), compiler: jsonschema.NewCompiler()}
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(location, document); err != nil {
		tb.Fatalf("/openapi.json: %v", err)
	}
	for template := range c.document.at("paths") {
		pattern := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(template), "[^/]+")
		c.paths = append(c.paths, pathTemplate{template, regexp.MustCompile("^" + pattern + "$")})
	}
	slices.SortFunc(c.paths, func(a, b pathTemplate) int { // a literal path goes before one with parameters
		return strings.Count(a.template, "{") - strings.Count(b.template, "{")
	})
	contracts.Store(text, c)
	return c
}

// closeSchemas lets no schema of an object allow members that it doesn't describe.
func closeSchemas(value any) {
	switch value := value.(type) {
	case map[string]any:
		_, described := value["properties"].(map[string]any)
		if _, allowed := value["additionalProperties"]; described && !allowed && value["type"] != nil {
			value["additionalProperties"] = false
		}
		for _, member := range value {
			closeSchemas(member)
		}
	case []any:
		for _, item := range value {
			closeSchemas(item)
		}
	}
}

// resolve returns the object at a pointer into the document, or the one that it refers
// to, and that one's pointer.
func (c *contract) resolve(pointer string) (object, string) {
	var value any = map[string]any(c.document)
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		parent, _ := value.(map[string]any)
		value = parent[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	found, _ := value.(map[string]any)
	if ref := object(found).text("$ref"); ref != "" {
		return c.resolve(strings.TrimPrefix(ref, "#"))
	}
	return found, pointer
}

// operation returns the pointer to the operation that serves a request, or "".
func (c *contract) operation(r *http.Request) string {
	method := strings.ToLower(r.Method)
	if r.Method == http.MethodHead {
		method = "get"
	}
	for _, p := range c.paths {
		if p.pattern.MatchString(r.URL.EscapedPath()) && c.document.at("paths", p.template, method) != nil {
			return "/paths/" + escape(p.template) + "/" + method
		}
	}
	return ""
}

// violations says how a response breaks the contract.
func (c *contract) violations(r *http.Request, got *recorder) []string {
	operation := c.operation(r)
	if operation == "" || got.status == 0 || got.status == statusClientGone {
		return nil
	}
	response, pointer := c.resolve(operation + "/responses/" + strconv.Itoa(got.status))
	if response == nil {
		if op, _ := c.resolve(operation); c.undescribed(op, operation, r) {
			return nil
		}
		return []string{"isn't described"}
	}
	violations := c.headerViolations(response.at("headers"), pointer, got.header)
	content := response.at("content")
	mediaType, _, _ := mime.ParseMediaType(got.header.Get("Content-Type"))
	switch media := content.at(mediaType); {
	case r.Method == http.MethodHead, r.URL.Query().Has("fields") && got.status == http.StatusOK, mediaType == "text/event-stream" && media != nil:
	case media != nil:
		violations = append(violations, c.bodyViolations(media, pointer+"/content/"+escape(mediaType), got.body.Bytes())...)
	case got.body.Len() > 0 || content != nil:
		violations = append(violations, fmt.Sprintf("has the media type %q, want one of %q", mediaType, slices.Sorted(maps.Keys(content))))
	}
	return violations
}

// undescribed reports whether a request has a body or a precondition that its operation
// doesn't describe. Then the response isn't described, either.
func (c *contract) undescribed(op object, pointer string, r *http.Request) bool {
	if op["requestBody"] == nil && r.ContentLength != 0 {
		return true
	}
	for i := range op.objects("parameters") {
		if p, _ := c.resolve(fmt.Sprintf("%s/parameters/%d", pointer, i)); p["name"] == "If-Match" {
			return false
		}
	}
	return r.Header["If-Match"] != nil
}

// contractHeaders are headers that a response has only if they are described.
var contractHeaders = []string{"Etag", "Idempotent-Replayed", "Location", "Retry-After", "X-Request-Id"}

func (c *contract) headerViolations(described object, pointer string, got http.Header) (violations []string) {
	names := map[string]bool{}
	for name := range described {
		names[http.CanonicalHeaderKey(name)] = true
		if h, _ := c.resolve(pointer + "/headers/" + escape(name)); h["required"] == true && got.Get(name) == "" {
			violations = append(violations, "has no header "+name)
		}
	}
	for _, name := range contractHeaders {
		if got[name] != nil && !names[name] {
			violations = append(violations, "has the header "+name+", which isn't described")
		}
	}
	return violations
}

func (c *contract) bodyViolations(media object, pointer string, body []byte) []string {
	if err := c.validate(pointer+"/schema", body); err != nil {
		return []string{err.Error()}
	}
	var problem struct{ Type string }
	examples := media.at("examples")
	if !strings.Contains(pointer, "problem+json") || examples == nil || json.Unmarshal(body, &problem) != nil {
		return nil
	}
	if code := strings.TrimPrefix(problem.Type, "urn:problem-type:"); examples[code] == nil {
		return []string{fmt.Sprintf("has the code %q, want one of %q; add the operation's own errors where it is registered", code, slices.Sorted(maps.Keys(examples)))}
	}
	return nil
}

// validate checks a body by the schema at a pointer.
func (c *contract) validate(pointer string, body []byte) error {
	c.mu.Lock()
	schema, err := c.compiler.Compile(location + "#" + pointer)
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
