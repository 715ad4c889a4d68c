package httpapi

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// parameterTags are the tags that bind a field of an input to a parameter.
var parameterTags = []string{"path", "query", "header", "cookie"}

// lost finds fields of an operation's input or output that huma silently ignores: those of
// embedded structs whose type isn't exported, unexported ones with a parameter's tag, and
// path parameters that the path doesn't have.
func lost(t reflect.Type, path string) []string {
	return findLost(t, path, map[reflect.Type]bool{})
}

func findLost(t reflect.Type, path string, seen map[reflect.Type]bool) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] || encodesItself(t) {
		return nil
	}
	seen[t] = true
	var found []string
	for f := range t.Fields() {
		name := fmt.Sprintf("%v.%s", t, f.Name)
		switch {
		case f.Tag.Get("json") == "-":
			continue
		case f.Anonymous && !f.IsExported() && hasFields(f.Type):
			found = append(found, name+" is embedded, and its type isn't exported: huma would ignore its fields")
			continue
		case !f.IsExported() && tagged(f):
			found = append(found, name+" isn't exported: huma would ignore the parameter")
			continue
		case !f.IsExported():
			continue
		}
		if p := f.Tag.Get("path"); p != "" && !strings.Contains(path, "{"+p+"}") && !strings.Contains(path, "{"+p+":") {
			found = append(found, fmt.Sprintf("%s is the parameter %s of the path, and %s has no {%s}", name, p, path, p))
		}
		found = append(found, findLost(f.Type, path, seen)...)
	}
	return found
}

func tagged(f reflect.StructField) bool {
	return slices.ContainsFunc(parameterTags, func(tag string) bool { return f.Tag.Get(tag) != "" })
}

// hasFields reports whether t is a struct, or points to one, with fields that belong to
// the request or response. One that is embedded for its methods alone has none.
func hasFields(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	for f := range t.Fields() {
		if f.IsExported() || tagged(f) || f.Anonymous && hasFields(f.Type) {
			return true
		}
	}
	return false
}

// encodesItself reports whether t has an encoding of its own, like time.Time.
func encodesItself(t reflect.Type) bool {
	for _, i := range []reflect.Type{
		reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler](),
		reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
	} {
		if t.Implements(i) || reflect.PointerTo(t).Implements(i) {
			return true
		}
	}
	return false
}
