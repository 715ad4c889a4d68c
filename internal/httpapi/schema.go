package httpapi

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// maxSafeInteger is JavaScript's Number.MAX_SAFE_INTEGER: beyond it, clients that parse
// JSON numbers as doubles round them.
const maxSafeInteger = 1<<53 - 1

// schemaName returns the name of a type's schema. The bodies of addThingInput and
// thingStatsOutput are AddThingRequest and ThingStats, and Page[Thing] is ThingPage.
func schemaName(t reflect.Type, hint string) string {
	generic, argument, _ := strings.Cut(t.Name(), "[")
	if argument != "" {
		return huma.DefaultSchemaNamer(t, hint)[len(generic):] + generic
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if request, ok := strings.CutSuffix(name, "InputBody"); ok {
		return request + "Request"
	}
	return strings.TrimSuffix(name, "OutputBody")
}

// resolve returns the schema that a reference refers to, or schema if it is none.
func resolve(document *huma.OpenAPI, schema *huma.Schema) *huma.Schema {
	if schema.Ref == "" {
		return schema
	}
	return document.Components.Schemas.SchemaFromRef(schema.Ref)
}

// completeSchemas completes the schemas of all operations. It must be called before the
// first request: huma validates requests with the same schemas.
func completeSchemas(document *huma.OpenAPI) {
	requests, responses := map[*huma.Schema]bool{}, map[*huma.Schema]bool{}
	for _, op := range operations(document) {
		for _, parameter := range op.Parameters {
			reach(document, parameter.Schema, requests)
		}
		if op.RequestBody != nil {
			reachContent(document, op.RequestBody.Content, requests)
		}
		for _, response := range op.Responses {
			reachContent(document, response.Content, responses)
		}
	}
	for _, response := range document.Components.Responses {
		reachContent(document, response.Content, responses)
	}
	for schema := range requests {
		completeSchema(schema)
	}
	for schema := range responses {
		completeSchema(schema)
		if closed, ok := schema.AdditionalProperties.(bool); ok && !closed && !requests[schema] {
			schema.AdditionalProperties = nil // a later version may add members
		}
	}
}

// completeSchema bounds integers, so that JavaScript reads them exactly, and adds null to
// nullable enums, which JSON Schema requires. patternDescription, which it doesn't know,
// stays in huma's messages only.
func completeSchema(schema *huma.Schema) {
	if schema.Type == huma.TypeInteger && schema.Format == "int64" {
		if schema.Minimum == nil && schema.ExclusiveMinimum == nil {
			schema.Minimum = new(float64(-maxSafeInteger))
		}
		if schema.Maximum == nil && schema.ExclusiveMaximum == nil {
			schema.Maximum = new(float64(maxSafeInteger))
		}
		schema.PrecomputeMessages()
	}
	if schema.Nullable && len(schema.Enum) > 0 && !slices.Contains(schema.Enum, nil) {
		schema.Enum = append(schema.Enum, nil)
	}
	schema.PatternDescription = ""
}

// reach adds schema, and all schemas that it contains or refers to, to reached.
func reach(document *huma.OpenAPI, schema *huma.Schema, reached map[*huma.Schema]bool) {
	if schema == nil || reached[schema] {
		return
	}
	reached[schema] = true
	if schema.Ref != "" {
		reach(document, resolve(document, schema), reached)
	}
	parts := slices.Concat([]*huma.Schema{schema.Items, schema.Not}, schema.OneOf, schema.AnyOf, schema.AllOf,
		slices.Collect(maps.Values(schema.Properties)))
	if values, ok := schema.AdditionalProperties.(*huma.Schema); ok {
		parts = append(parts, values)
	}
	for _, part := range parts {
		reach(document, part, reached)
	}
}

func reachContent(document *huma.OpenAPI, content map[string]*huma.MediaType, reached map[*huma.Schema]bool) {
	for _, media := range content {
		reach(document, media.Schema, reached)
	}
}

// operations returns all operations of a document.
func operations(document *huma.OpenAPI) []*huma.Operation {
	var all []*huma.Operation
	for _, item := range document.Paths {
		for _, op := range []*huma.Operation{
			item.Get, item.Put, item.Post, item.Delete, item.Options, item.Head, item.Patch, item.Trace,
		} {
			if op != nil {
				all = append(all, op)
			}
		}
	}
	return all
}
