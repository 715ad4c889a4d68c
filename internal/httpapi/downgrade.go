package httpapi

import (
	"slices"
	"strings"
)

// downgrade turns an OpenAPI 3.1 document, as parsed by encoding/json, into OpenAPI 3.0.3.
// A constraint that 3.0 can't express is dropped, so the schema allows more. It replaces
// huma's Downgrade, which rewrites examples, and members named like a keyword, as if they
// were schemas, and keeps keywords that 3.0 doesn't have.
func downgrade(document map[string]any) {
	document["openapi"] = "3.0.3"
	if info, ok := document["info"].(map[string]any); ok {
		delete(info, "summary")
		if license, ok := info["license"].(map[string]any); ok {
			delete(license, "identifier")
		}
	}
	for _, key := range []string{"jsonSchemaDialect", "webhooks"} {
		delete(document, key)
	}
	downgrader(document).object(document)
}

// downgrader is the document that is downgraded.
type downgrader map[string]any

// object downgrades an object of the document and all inside it. It needn't know whether
// it is a schema: no other object has the keywords that change with such values.
func (d downgrader) object(object map[string]any) {
	d.schema(object)
	for key, value := range object {
		switch key {
		case "example", "examples", "default", "enum", "value":
			// values, not schemas
		case "properties", "schemas", "parameters", "headers", "responses", "requestBodies", "content", "paths", "callbacks", "links", "variables":
			d.named(value)
		default:
			d.value(value)
		}
	}
}

// named downgrades an object whose members are named by the API: they are no keywords.
func (d downgrader) named(value any) {
	named, ok := value.(map[string]any)
	if !ok {
		d.value(value)
	}
	for _, value := range named {
		d.value(value)
	}
}

func (d downgrader) value(value any) {
	switch value := value.(type) {
	case map[string]any:
		d.object(value)
	case []any:
		for _, item := range value {
			d.value(item)
		}
	}
}

func (d downgrader) schema(schema map[string]any) {
	for _, key := range []string{
		"$schema", "contentMediaType", "dependentRequired", "patternProperties", "propertyNames", "unevaluatedProperties",
	} {
		delete(schema, key)
	}
	if types, ok := schema["type"].([]any); ok {
		delete(schema, "type")
		if rest := slices.DeleteFunc(types, func(t any) bool { return t == "null" }); len(rest) < len(types) {
			schema["nullable"], types = true, rest
		}
		if len(types) == 1 {
			schema["type"] = types[0]
		}
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		d.nullable(schema, key)
	}
	if examples, ok := schema["examples"].([]any); ok && len(examples) > 0 {
		schema["example"] = examples[0]
		delete(schema, "examples")
	}
	for exclusive, bound := range map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"} {
		if n, ok := schema[exclusive].(float64); ok {
			schema[bound], schema[exclusive] = n, true
		}
	}
	if schema["contentEncoding"] == "base64" {
		schema["format"] = "byte"
		delete(schema, "contentEncoding")
	}
	if value, ok := schema["const"]; ok {
		schema["enum"] = []any{value}
		delete(schema, "const")
	}
	if ref, ok := schema["$ref"]; ok && len(schema) > 1 { // 3.0 ignores what is beside it
		schema["allOf"] = []any{map[string]any{"$ref": ref}}
		delete(schema, "$ref")
	}
}

// nullable replaces the null type in anyOf or oneOf by nullable, which needs a type: that
// of the other choices.
func (d downgrader) nullable(schema map[string]any, key string) {
	choices, _ := schema[key].([]any)
	isNull := func(choice any) bool { return d.typeOf(choice) == "null" }
	if !slices.ContainsFunc(choices, isNull) {
		return
	}
	delete(schema, key)
	choices = slices.DeleteFunc(choices, isNull)
	differs := func(choice any) bool { return d.typeOf(choice) == nil || d.typeOf(choice) != d.typeOf(choices[0]) }
	if len(choices) == 0 || slices.ContainsFunc(choices, differs) {
		return
	}
	schema["nullable"], schema["type"] = true, d.typeOf(choices[0])
	if len(choices) == 1 {
		key = "allOf"
	}
	schema[key] = choices
}

// typeOf returns the type of a schema, or of the one that it refers to; nil if it has none
// or several.
func (d downgrader) typeOf(schema any) any {
	object, _ := schema.(map[string]any)
	if ref, ok := object["$ref"].(string); ok {
		target := any(map[string]any(d))
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			parent, _ := target.(map[string]any)
			target = parent[name]
		}
		return d.typeOf(target)
	}
	t, ok := object["type"].(string)
	if !ok {
		return nil
	}
	return t
}
