package httpapi_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := newService(t)
	a := s.send(t, "GET", "/openapi.json", "").want(t, http.StatusOK)
	a.wantHeader(t, "Content-Type", "application/openapi+json")
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(a.body), "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi.golden.json", pretty.String()+"\n")
}

// operation is what the tests look at of an operation.
type operation struct {
	OperationID string
	Summary     string
	Parameters  []struct {
		Name, In string
		Required bool
	}
	Responses map[string]struct {
		Description string
		Content     map[string]struct{ Schema map[string]any }
	}
}

func TestOpenAPIDescribesEveryOperation(t *testing.T) {
	t.Parallel()
	s := newService(t)
	document := decode[struct {
		OpenAPI    string
		Info       struct{ Title, Version string }
		Paths      map[string]map[string]operation
		Components struct{ Schemas map[string]any }
	}](t, s.send(t, "GET", "/openapi.json", ""))
	if document.OpenAPI != "3.1.0" || document.Info.Title == "" || document.Info.Version == "" {
		t.Errorf("openapi = %q, info = %v, want 3.1.0, a title and a version", document.OpenAPI, document.Info)
	}
	var described []string
	ids := map[string]bool{}
	for path, operations := range document.Paths {
		for method, op := range operations {
			name := strings.ToUpper(method) + " " + path
			described = append(described, name)
			if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" {
				t.Errorf("%s: id %q, summary %q, want a unique id and a summary", name, op.OperationID, op.Summary)
			}
			ids[op.OperationID] = true
			checkParameters(t, name, path, op)
			checkResponses(t, name, op)
		}
	}
	var routes []string
	for _, line := range s.routes(t) {
		if fields := strings.Fields(line); strings.HasPrefix(fields[1], "/v1/") {
			routes = append(routes, fields[0]+" "+fields[1])
		}
	}
	slices.Sort(described)
	if diff := cmp.Diff(routes, described); diff != "" {
		t.Errorf("operations (-routes +described):\n%s", diff)
	}
}

func checkParameters(t *testing.T, name, path string, op operation) {
	t.Helper()
	var want, got []string
	for _, match := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
		want = append(want, match[1])
	}
	for _, p := range op.Parameters {
		if p.In == "path" && p.Required {
			got = append(got, p.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: parameters of the path = %q, want %q", name, got, want)
	}
}

// checkResponses wants one success, and a problem for all else.
func checkResponses(t *testing.T, name string, op operation) {
	t.Helper()
	successes := 0
	for status, r := range op.Responses {
		if r.Description == "" {
			t.Errorf("%s: %s has no description", name, status)
		}
		if strings.HasPrefix(status, "2") {
			successes++
			continue
		}
		ref := r.Content["application/problem+json"].Schema["$ref"]
		if ref != "#/components/schemas/Problem" || len(r.Content) != 1 {
			t.Errorf("%s: %s is %v, want a problem", name, status, r.Content)
		}
	}
	if _, ok := op.Responses["default"]; !ok || successes != 1 {
		t.Errorf("%s: responses = %v, want one success and a default", name, slices.Sorted(maps.Keys(op.Responses)))
	}
}

func TestOpenAPIRefersToWhatItHas(t *testing.T) {
	t.Parallel()
	s := newService(t)
	body := s.send(t, "GET", "/openapi.json", "").body
	var document any
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		t.Fatal(err)
	}
	refs := regexp.MustCompile(`"\$ref":"([^"]*)"`).FindAllStringSubmatch(body, -1)
	if len(refs) == 0 {
		t.Error("references = 0, want some")
	}
	for _, ref := range refs {
		at := document
		for name := range strings.SplitSeq(strings.TrimPrefix(ref[1], "#/"), "/") {
			object, _ := at.(map[string]any)
			at = object[name]
		}
		if at == nil {
			t.Errorf("%s leads nowhere", ref[1])
		}
	}
}

// elsewhere is the first reference of HTML, CSS or JavaScript in text that a
// browser would follow to another host. The scripts are too long for a regular
// expression in every test run.
func elsewhere(text string) string {
	references := []string{"@import", "url(http", `url("http`, "url('http", "url(//"}
	for _, attribute := range []string{"src=", "href=", "src:", "href:"} {
		for _, target := range []string{"http", "//"} {
			references = append(references, attribute+`"`+target, attribute+"'"+target)
		}
	}
	for _, reference := range references {
		if strings.Contains(text, reference) {
			return reference
		}
	}
	return ""
}

func TestDocsWorkWithoutTheInternet(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.send(t, "GET", "/", "").want(t, http.StatusFound).wantHeader(t, "Location", "/docs/")
	s.send(t, "GET", "/docs", "").want(t, http.StatusMovedPermanently).wantHeader(t, "Location", "/docs/")
	page := s.send(t, "GET", "/docs/", "").want(t, http.StatusOK)
	for _, want := range []string{"/openapi.json", "validatorUrl: null"} { // the default validator is on the internet
		if !strings.Contains(page.body, want) {
			t.Errorf("page has no %s", want)
		}
	}
	if found := elsewhere(page.body); found != "" {
		t.Errorf("page loads %s", found)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page.body, -1)
	if len(links) < 3 {
		t.Errorf("links = %q, want a stylesheet and scripts", links)
	}
	for _, link := range links {
		a := s.send(t, "GET", link[1], "").want(t, http.StatusOK)
		if strings.HasSuffix(link[1], ".png") {
			continue
		}
		if found := elsewhere(a.body); found != "" || a.body == "" {
			t.Errorf("%s: %d bytes, loads %q, want nothing from elsewhere", link[1], len(a.body), found)
		}
	}
}
