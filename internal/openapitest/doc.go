// Package openapitest holds a server to its own OpenAPI document: [Check] compares each
// response with what the document says of the operation, and [CheckDocument] finds what
// the document doesn't say. It knows no operation: the document is read from
// /openapi.json.
package openapitest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// object is an object of a document.
type object map[string]any

// at follows names down to an object; nil if there is none.
func (o object) at(names ...string) object {
	for _, name := range names {
		o, _ = o[name].(map[string]any)
	}
	return o
}

// text returns a member that is a string.
func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// objects returns the items of a member that are objects.
func (o object) objects(name string) []object {
	items, _ := o[name].([]any)
	var objects []object
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			objects = append(objects, o)
		}
	}
	return objects
}

// escape makes a part of a JSON pointer of a name.
func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// read returns the text of h's document.
func read(tb testing.TB, h http.Handler) string {
	tb.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(tb.Context(), http.MethodGet, "/openapi.json", http.NoBody))
	if w.Code != http.StatusOK {
		tb.Fatalf("GET /openapi.json = %d %s, want 200", w.Code, w.Body)
	}
	return w.Body.String()
}
