package httpapi

import "slices"

// downgrade turns a document of OpenAPI 3.1, in the form that encoding/json gives it,
// into one of 3.0.3. What 3.0 can't say of a schema is left out: it then allows more.
// huma's own Downgrade takes every object for a schema, examples and the members that
// are called like a keyword among them, and leaves what 3.0 has no word for.
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
	downgradeObject(document)
}

// downgradeObject downgrades all schemas inside of an object of OpenAPI. The keywords of
// a schema that it changes stand in no other object with such a value.
func downgradeObject(object map[string]any) {
	downgradeSchema(object)
	for key, value := range object {
		switch key {
		case "example", "examples", "default", "enum", "value":
			// Data of clients.
		case "properties", "schemas", "parameters", "headers", "responses", "requestBodies", "content", "paths", "callbacks", "links", "variables":
			downgradeNamed(value)
		default:
			downgradeValue(value)
		}
	}
}

// downgradeNamed is for an object whose members have names that are no keywords.
func downgradeNamed(value any) {
	named, ok := value.(map[string]any)
	if !ok {
		downgradeValue(value)
	}
	for _, value := range named {
		downgradeValue(value)
	}
}

func downgradeValue(value any) {
	switch value := value.(type) {
	case map[string]any:
		downgradeObject(value)
	case []any:
		for _, item := range value {
			downgradeValue(item)
		}
	}
}

func downgradeSchema(schema map[string]any) {
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
		withoutNull(schema, key)
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
	if ref, ok := schema["$ref"]; ok && len(schema) > 1 { // what stands beside it would be ignored
		schema["allOf"] = []any{map[string]any{"$ref": ref}}
		delete(schema, "$ref")
	}
}

// withoutNull makes a schema nullable that can be one of several or null.
func withoutNull(schema map[string]any, key string) {
	choices, _ := schema[key].([]any)
	var rest []any
	for _, choice := range choices {
		if c, ok := choice.(map[string]any); ok && c["type"] == "null" {
			schema["nullable"] = true
		} else {
			rest = append(rest, choice)
		}
	}
	if len(rest) == len(choices) {
		return
	}
	delete(schema, key)
	if len(rest) == 1 {
		key = "allOf"
	}
	schema[key] = rest
}
