package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// node is an object of a document.
type node map[string]any

// at follows names down to an object, which is empty when there is none.
func (n node) at(names ...string) node {
	for _, name := range names {
		n, _ = n[name].(map[string]any)
	}
	return n
}

// text is a member that is text.
func (n node) text(name string) string {
	s, _ := n[name].(string)
	return s
}

// list are the items of a member that are objects.
func (n node) list(name string) []node {
	items, _ := n[name].([]any)
	var nodes []node
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			nodes = append(nodes, o)
		}
	}
	return nodes
}

// document reads the document at a path, with what each reference refers to in its place.
func (s *service) document(t *testing.T, path string) node {
	t.Helper()
	root := decode[node](t, s.send(t, "GET", path, "").want(t, http.StatusOK))
	return inline(t, root, root, nil).(map[string]any)
}

// inline is value with what references refer to in their place, but for a schema inside of
// itself. around are the references around value.
func inline(t *testing.T, root node, value any, around []string) any {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		if ref := node(value).text("$ref"); ref != "" {
			to := root.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			if to == nil {
				t.Errorf("%s leads nowhere", ref)
			}
			if slices.Contains(around, ref) {
				return map[string]any{"description": "the same as around it", "examples": []any{}}
			}
			return inline(t, root, map[string]any(to), append(around[:len(around):len(around)], ref))
		}
		copied := map[string]any{}
		for name, member := range value {
			copied[name] = inline(t, root, member, around)
		}
		return copied
	case node:
		return inline(t, root, map[string]any(value), around)
	case []any:
		copied := make([]any, len(value))
		for i, item := range value {
			copied[i] = inline(t, root, item, around)
		}
		return copied
	}
	return value
}

// describedOperation is an operation of a document.
type describedOperation struct {
	node

	method, path string
}

func (o describedOperation) name() string { return o.method + " " + o.path }

func operations(document node) []describedOperation {
	var all []describedOperation
	for path, item := range document.at("paths") {
		for method, op := range item.(map[string]any) {
			all = append(all, describedOperation{op.(map[string]any), strings.ToUpper(method), path})
		}
	}
	slices.SortFunc(all, func(a, b describedOperation) int { return strings.Compare(a.name(), b.name()) })
	return all
}

// everyAPI runs a test on the service's own document, and on one that every project has.
func everyAPI(t *testing.T, path string, check func(t *testing.T, s *service, document node)) {
	t.Helper()
	for name, start := range map[string]func(*testing.T) *service{"the service's": newService, "things": newThings} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			check(t, s, s.document(t, path))
		})
	}
}

func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	everyAPI(t, "/openapi.json", func(t *testing.T, s *service, document node) {
		if info := document.at("info"); document["openapi"] != "3.1.0" || info.text("title") == "" || info.text("version") == "" {
			t.Errorf("openapi = %v, info = %v, want 3.1.0, a title and a version", document["openapi"], info)
		}
		var routes, described []string
		for _, line := range s.routes(t) {
			if fields := strings.Fields(line); strings.HasPrefix(fields[1], "/v1/") {
				routes = append(routes, fields[0]+" "+fields[1])
			}
		}
		for _, op := range operations(document) {
			described = append(described, op.name())
		}
		if diff := cmp.Diff(routes, described); diff != "" {
			t.Errorf("operations (-routes +described):\n%s", diff)
		}
	})
}

func TestOperationsAreDescribed(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)
	everyAPI(t, "/openapi.json", func(t *testing.T, _ *service, document node) {
		tags := map[any]bool{}
		for _, tag := range document.list("tags") {
			tags[tag["name"]] = tag.text("description") != ""
		}
		ids := map[string]bool{}
		for _, op := range operations(document) {
			if id := op.text("operationId"); ids[id] {
				t.Errorf("%s: the id %q is that of another operation", op.name(), id)
			}
			ids[op.text("operationId")] = true
			if !id.MatchString(op.text("operationId")) || op.text("summary") == "" || op.text("description") == "" {
				t.Errorf("%s: id %q, summary %q, description %q, want all three", op.name(), op.text("operationId"), op.text("summary"), op.text("description"))
			}
			if used, _ := op.node["tags"].([]any); len(used) != 1 || !tags[used[0]] {
				t.Errorf("%s: tags = %v, want one that is described", op.name(), used)
			}
			checkParameters(t, op)
			checkResponses(t, op)
		}
	})
}

func checkParameters(t *testing.T, op describedOperation) {
	t.Helper()
	var want, inPath []string
	for _, match := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(op.path, -1) {
		want = append(want, match[1])
	}
	keyed := false
	for _, p := range op.list("parameters") {
		if p["in"] == "path" && p["required"] == true {
			inPath = append(inPath, p.text("name"))
		}
		keyed = keyed || p["name"] == "Idempotency-Key"
		if p.text("description") == "" {
			t.Errorf("%s: the parameter %s has no description", op.name(), p["name"])
		}
	}
	if !slices.Equal(inPath, want) {
		t.Errorf("%s: parameters of the path = %q, want %q", op.name(), inPath, want)
	}
	if writes := op.method != http.MethodGet; keyed != writes {
		t.Errorf("%s: has an Idempotency-Key = %v, want %v", op.name(), keyed, writes)
	}
}

// checkResponses wants one success, and problems with examples for the rest.
func checkResponses(t *testing.T, op describedOperation) {
	t.Helper()
	successes := 0
	for status, value := range op.at("responses") {
		response := node(value.(map[string]any))
		if response.text("description") == "" || response.at("headers", "X-Request-Id") == nil {
			t.Errorf("%s: %s has the description %q and the headers %v", op.name(), status, response["description"], response["headers"])
		}
		switch media := response.at("content", "application/problem+json"); {
		case status[0] == '2':
			successes++
			if replayed := response.at("headers", "Idempotent-Replayed") != nil; replayed != (op.method != http.MethodGet) {
				t.Errorf("%s: %s can be replayed = %v", op.name(), status, replayed)
			}
		case status == "default", status == "304":
		case len(media.at("examples")) == 0 || media.at("schema", "properties", "type") == nil:
			t.Errorf("%s: %s is %v, want a problem with examples", op.name(), status, response["content"])
		default:
			checkExamples(t, op, status, media.at("examples"))
		}
	}
	for _, status := range []string{"400", "422", "500", "503", "default"} {
		if op.at("responses", status) == nil {
			t.Errorf("%s: %s isn't listed", op.name(), status)
		}
	}
	if successes != 1 {
		t.Errorf("%s: responses = %v, want one success", op.name(), slices.Sorted(maps.Keys(op.at("responses"))))
	}
}

func checkExamples(t *testing.T, op describedOperation, status string, examples node) {
	t.Helper()
	for code := range examples {
		example := examples.at(code, "value")
		got, err := json.Marshal(example["status"])
		if err != nil || string(got) != status || example["type"] != "urn:problem-type:"+code || example.text("detail") == "" {
			t.Errorf("%s: the example %s of %s is %v", op.name(), code, status, example)
		}
	}
}

// TestBodiesHaveExamples is for the page of docs, which makes an example of those of the
// members.
func TestBodiesHaveExamples(t *testing.T) {
	t.Parallel()
	everyAPI(t, "/openapi.json", func(t *testing.T, _ *service, document node) {
		for _, op := range operations(document) {
			bodies := map[string]node{"request": op.at("requestBody", "content")}
			for status := range op.at("responses") {
				bodies[status] = op.at("responses", status, "content")
			}
			for body, content := range bodies {
				for mediaType := range content {
					if media := content.at(mediaType); media["examples"] == nil && !strings.HasPrefix(mediaType, "application/problem") {
						wantExample(t, op.name()+" "+body, media.at("schema"))
					}
				}
			}
		}
	})
}

func wantExample(t *testing.T, at string, schema node) {
	t.Helper()
	switch {
	case schema["examples"] != nil, schema["default"] != nil, schema["enum"] != nil, schema["oneOf"] != nil:
	case schema["properties"] != nil:
		for name := range schema.at("properties") {
			wantExample(t, at+"/"+name, schema.at("properties", name))
		}
	case schema["items"] != nil:
		wantExample(t, at+"/items", schema.at("items"))
	default:
		t.Errorf("%s has no example", at)
	}
}

// TestIntegersAreSafe wants integers that JavaScript reads exactly.
func TestIntegersAreSafe(t *testing.T) {
	t.Parallel()
	const most = 1<<53 - 1
	var check func(t *testing.T, at string, value any)
	check = func(t *testing.T, at string, value any) {
		t.Helper()
		switch value := value.(type) {
		case map[string]any:
			low, _ := value["minimum"].(float64)
			high, bounded := value["maximum"].(float64)
			if value["format"] == "int64" && (!bounded || low < -most || high > most || value["minimum"] == nil) {
				t.Errorf("%s = %v, want bounds within 2^53 - 1", at, value)
			}
			for name, member := range value {
				check(t, at+"/"+name, member)
			}
		case []any:
			for _, item := range value {
				check(t, at, item)
			}
		}
	}
	everyAPI(t, "/openapi.json", func(t *testing.T, _ *service, document node) {
		check(t, "", map[string]any(document))
	})
}
