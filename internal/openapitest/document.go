package openapitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// CheckDocument fails the test for what the document of h doesn't say: names, texts,
// parameters and responses of each operation, examples of bodies, and bounds of integers.
// It returns the operations, as "GET /v1/things", sorted.
func CheckDocument(tb testing.TB, h http.Handler) []string {
	tb.Helper()
	var d document
	if err := json.Unmarshal([]byte(read(tb, h)), &d.object); err != nil {
		tb.Fatalf("/openapi.json: %v", err)
	}
	if info := d.at("info"); d.object["openapi"] != "3.1.0" || info.text("title") == "" || info.text("version") == "" {
		tb.Errorf("openapi = %v, info = %v, want 3.1.0, a title and a version", d.object["openapi"], info)
	}
	d.checkValue(tb, "", map[string]any(d.object))
	tags, ids := map[any]bool{}, map[string]bool{}
	for _, tag := range d.objects("tags") {
		tags[tag["name"]] = tag.text("description") != ""
	}
	var names []string
	for _, op := range d.operations() {
		names = append(names, op.name)
		op.checkTexts(tb, tags, ids)
		op.checkParameters(tb)
		op.checkResponses(tb)
		op.checkExamples(tb)
	}
	return names
}

// document is a whole document.
type document struct{ object }

// resolve returns what a reference refers to, or o if it is none.
func (d document) resolve(o object) object {
	if ref := o.text("$ref"); ref != "" {
		return d.resolve(d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...))
	}
	return o
}

// maxSafeInteger is JavaScript's Number.MAX_SAFE_INTEGER.
const maxSafeInteger = 1<<53 - 1

// checkValue wants references that lead somewhere, and integers that JavaScript reads
// exactly.
func (d document) checkValue(tb testing.TB, at string, value any) {
	tb.Helper()
	switch value := value.(type) {
	case map[string]any:
		if d.resolve(value) == nil {
			tb.Errorf("%s leads nowhere", object(value).text("$ref"))
		}
		least, _ := value["minimum"].(float64)
		most, bounded := value["maximum"].(float64)
		if value["format"] == "int64" && (!bounded || value["minimum"] == nil || least < -maxSafeInteger || most > maxSafeInteger) {
			tb.Errorf("%s = %v, want bounds within 2^53 - 1", at, value)
		}
		for name, member := range value {
			d.checkValue(tb, at+"/"+name, member)
		}
	case []any:
		for _, item := range value {
			d.checkValue(tb, at, item)
		}
	}
}

// operation is an operation of a document.
type operation struct {
	object

	document           document
	method, path, name string
}

func (d document) operations() []operation {
	var all []operation
	for path, item := range d.at("paths") {
		for method, op := range item.(map[string]any) {
			method = strings.ToUpper(method)
			all = append(all, operation{op.(map[string]any), d, method, path, method + " " + path})
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.name, b.name) })
	return all
}

func (op operation) safe() bool { return op.method == http.MethodGet }

var idPattern = regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)

// checkTexts wants an id that is a method's name in every language, texts, and a tag.
func (op operation) checkTexts(tb testing.TB, tags map[any]bool, ids map[string]bool) {
	tb.Helper()
	id := op.text("operationId")
	if !idPattern.MatchString(id) || ids[id] {
		tb.Errorf("%s: id = %q, want one in camelCase that no other operation has", op.name, id)
	}
	ids[id] = true
	if op.text("summary") == "" || op.text("description") == "" {
		tb.Errorf("%s: summary %q, description %q, want both", op.name, op.text("summary"), op.text("description"))
	}
	if used, _ := op.object["tags"].([]any); len(used) != 1 || !tags[used[0]] {
		tb.Errorf("%s: tags = %v, want one that is described", op.name, used)
	}
}

// checkParameters wants those of the path, an Idempotency-Key of operations that write,
// and descriptions.
func (op operation) checkParameters(tb testing.TB) {
	tb.Helper()
	var want, got []string
	for _, match := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(op.path, -1) {
		want = append(want, "path "+match[1])
	}
	if !op.safe() {
		want = append(want, "header Idempotency-Key")
	}
	for _, p := range op.objects("parameters") {
		p = op.document.resolve(p)
		if p["required"] == true || p["name"] == "Idempotency-Key" {
			got = append(got, p.text("in")+" "+p.text("name"))
		}
		if p.text("description") == "" {
			tb.Errorf("%s: the parameter %s has no description", op.name, p.text("name"))
		}
	}
	if !slices.Equal(got, want) {
		tb.Errorf("%s: parameters = %q, want %q", op.name, got, want)
	}
}

// checkResponses wants a success, which a key can replay if the operation writes, and
// problems for the rest.
func (op operation) checkResponses(tb testing.TB) {
	tb.Helper()
	responses := op.at("responses")
	successes := 0
	for status := range responses {
		response := op.document.resolve(responses.at(status))
		if response.text("description") == "" || response.at("headers", "X-Request-Id") == nil {
			tb.Errorf("%s: %s has the description %q and the headers %v", op.name, status, response.text("description"), response.at("headers"))
		}
		switch {
		case status == "default", status == "304":
		case status[0] != '2':
			op.checkProblem(tb, status, response.at("content", "application/problem+json"))
		default:
			successes++
			if replayed := response.at("headers", "Idempotent-Replayed") != nil; replayed == op.safe() {
				tb.Errorf("%s: Idempotent-Replayed of %s is described: %v", op.name, status, replayed)
			}
		}
	}
	for _, status := range []string{"400", "422", "500", "503", "default"} {
		if responses[status] == nil {
			tb.Errorf("%s: %s isn't described", op.name, status)
		}
	}
	if successes == 0 {
		tb.Errorf("%s: responses = %q, want a success", op.name, slices.Sorted(maps.Keys(responses)))
	}
}

// checkProblem wants examples that are of their status.
func (op operation) checkProblem(tb testing.TB, status string, media object) {
	tb.Helper()
	if op.document.resolve(media.at("schema")).at("properties", "type") == nil || len(media.at("examples")) == 0 {
		tb.Errorf("%s: %s is %v, want a problem with examples", op.name, status, media)
	}
	for code := range media.at("examples") {
		example := media.at("examples", code, "value")
		if fmt.Sprint(example["status"]) != status || example.text("type") != "urn:problem-type:"+code || example.text("detail") == "" {
			tb.Errorf("%s: the example %s of %s is %v", op.name, code, status, example)
		}
	}
}

// checkExamples wants an example of each text in a body. Pages of docs make an example of
// the body from those, and know how to fill in the other types.
func (op operation) checkExamples(tb testing.TB) {
	tb.Helper()
	bodies := map[string]object{"request": op.at("requestBody", "content")}
	for status := range op.at("responses") {
		if status[0] == '2' {
			bodies[status] = op.document.resolve(op.at("responses", status)).at("content")
		}
	}
	for body, content := range bodies {
		for mediaType := range content {
			if media := content.at(mediaType); media["examples"] == nil && media["example"] == nil && mediaType != "text/event-stream" {
				op.checkExample(tb, op.name+" "+body, media.at("schema"), map[string]bool{})
			}
		}
	}
}

// checkExample checks a schema and all inside it, each that has a name once.
func (op operation) checkExample(tb testing.TB, at string, schema object, seen map[string]bool) {
	tb.Helper()
	if ref := schema.text("$ref"); ref != "" {
		if seen[ref] {
			return
		}
		seen[ref] = true
		schema = op.document.resolve(schema)
	}
	for name := range schema.at("properties") {
		op.checkExample(tb, at+"/"+name, schema.at("properties", name), seen)
	}
	if items := schema.at("items"); op.document.resolve(items)["properties"] != nil {
		op.checkExample(tb, at+"/items", items, seen)
	}
	if schema["type"] == "string" && schema["examples"] == nil && schema["format"] == nil && schema["pattern"] == nil && schema["enum"] == nil {
		tb.Errorf("%s has no example", at)
	}
}
