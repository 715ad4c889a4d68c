package httpapi

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDowngrade(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ schema, want string }{
		"a type or null":                      {`{"type":["string","null"],"enum":["a",null]}`, `{"type":"string","nullable":true,"enum":["a",null]}`},
		"one of several types":                {`{"type":["string","integer"]}`, `{}`},
		"a reference or null":                 {`{"anyOf":[{"$ref":"#/components/schemas/A"},{"type":"null"}]}`, `{"allOf":[{"$ref":"#/components/schemas/A"}],"type":"object","nullable":true}`},
		"one of several or null":              {`{"oneOf":[{"$ref":"#/components/schemas/A"},{"type":"object"},{"type":"null"}]}`, `{"oneOf":[{"$ref":"#/components/schemas/A"},{"type":"object"}],"type":"object","nullable":true}`},
		"one of several types or null":        {`{"oneOf":[{"$ref":"#/components/schemas/A"},{"type":"string"},{"type":"null"}],"description":"x"}`, `{"description":"x"}`},
		"a reference to nothing or null":      {`{"oneOf":[{"$ref":"#/x"},{"type":"null"}]}`, `{}`},
		"one of several":                      {`{"oneOf":[{"$ref":"#/a"},{"$ref":"#/b"}]}`, `{"oneOf":[{"$ref":"#/a"},{"$ref":"#/b"}]}`},
		"a reference alone":                   {`{"$ref":"#/a"}`, `{"$ref":"#/a"}`},
		"a reference with a description":      {`{"$ref":"#/a","description":"x"}`, `{"allOf":[{"$ref":"#/a"}],"description":"x"}`},
		"bounds that are exclusive":           {`{"exclusiveMinimum":0,"exclusiveMaximum":9}`, `{"minimum":0,"exclusiveMinimum":true,"maximum":9,"exclusiveMaximum":true}`},
		"examples":                            {`{"examples":["a","b"]}`, `{"example":"a"}`},
		"bytes":                               {`{"type":"string","contentEncoding":"base64"}`, `{"type":"string","format":"byte"}`},
		"a file":                              {`{"type":"string","format":"binary","contentMediaType":"application/octet-stream"}`, `{"type":"string","format":"binary"}`},
		"a constant":                          {`{"const":"a"}`, `{"enum":["a"]}`},
		"what 3.0 has no word for":            {`{"dependentRequired":{"a":["b"]},"type":"object"}`, `{"type":"object"}`},
		"schemas in schemas":                  {`{"items":{"allOf":[{"type":["string","null"]}]}}`, `{"items":{"allOf":[{"type":"string","nullable":true}]}}`},
		"members that are called as a word":   {`{"properties":{"examples":{"const":1},"type":{"type":["string","null"]}}}`, `{"properties":{"examples":{"enum":[1]},"type":{"type":"string","nullable":true}}}`},
		"an example that looks like a schema": {`{"examples":[{"type":["a","null"],"const":1}],"default":{"const":1}}`, `{"example":{"type":["a","null"],"const":1},"default":{"const":1}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := parse(t, `{"openapi":"3.1.0","components":{"schemas":{"A":{"type":"object"},"const":`+tt.schema+`}}}`)
			downgrade(document)
			want := parse(t, `{"openapi":"3.0.3","components":{"schemas":{"A":{"type":"object"},"const":`+tt.want+`}}}`)
			if diff := cmp.Diff(want, document); diff != "" {
				t.Errorf("downgraded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDowngradeOfADocument(t *testing.T) {
	t.Parallel()
	document := parse(t, `{"openapi":"3.1.0","jsonSchemaDialect":"x","webhooks":{},
		"info":{"title":"x","summary":"y","license":{"name":"MIT","identifier":"MIT"}},
		"paths":{"/x":{"get":{
			"parameters":[{"name":"a","in":"query","example":["b"],"schema":{"type":["integer","null"]}}],
			"responses":{"200":{"content":{"application/json":{"examples":{"a":{"value":{"const":1}}},"schema":{"const":1}}}}}}}}}`)
	downgrade(document)
	want := parse(t, `{"openapi":"3.0.3","info":{"title":"x","license":{"name":"MIT"}},
		"paths":{"/x":{"get":{
			"parameters":[{"name":"a","in":"query","example":["b"],"schema":{"type":"integer","nullable":true}}],
			"responses":{"200":{"content":{"application/json":{"examples":{"a":{"value":{"const":1}}},"schema":{"enum":[1]}}}}}}}}}`)
	if diff := cmp.Diff(want, document); diff != "" {
		t.Errorf("downgraded (-want +got):\n%s", diff)
	}
}

func parse(t *testing.T, text string) (value map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}
