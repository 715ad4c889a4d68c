package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// decode reads a body of that schema into v. The error has all that is wrong with it.
func (a *api) decode(body []byte, schema *huma.Schema, v any) error {
	var parsed any
	if err := unmarshal(body, &parsed); err != nil {
		return newProblem(http.StatusBadRequest, "validation failed", []error{&huma.ErrorDetail{Location: "body", Message: err.Error()}})
	}
	registry := a.huma.OpenAPI().Components.Schemas
	path, result := huma.NewPathBuffer([]byte{}, 0), &huma.ValidateResult{}
	path.Push("body")
	for schema.Ref != "" {
		schema = registry.SchemaFromRef(schema.Ref)
	}
	huma.Validate(registry, schema, path, huma.ModeWriteToServer, parsed, result)
	errs := append(result.Errors, nulls(schema, parsed)...)
	errs = append(errs, unstorable("body", parsed)...)
	if len(errs) == 0 {
		err := unmarshal(body, v)
		if err == nil {
			return nil
		}
		errs = []error{&huma.ErrorDetail{Location: "body", Message: err.Error()}}
	}
	return newProblem(http.StatusUnprocessableEntity, "validation failed", errs)
}

// nulls finds members that are null and can't be, where the schema lets them out: huma
// takes such a null for a member that isn't there.
func nulls(schema *huma.Schema, parsed any) (errs []error) {
	members, _ := parsed.(map[string]any)
	for name, value := range members {
		if property := schema.Properties[name]; value == nil && property != nil && !property.Nullable && property.Type != "" && !slices.Contains(schema.Required, name) {
			errs = append(errs, &huma.ErrorDetail{Location: "body." + name, Message: "can't be null"})
		}
	}
	return errs
}

// unstorable finds text that PostgreSQL has no place for.
func unstorable(location string, parsed any) (errs []error) {
	switch v := parsed.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			errs = append(errs, &huma.ErrorDetail{Location: location, Message: "expected text without NUL"})
		}
	case []any:
		for i, item := range v {
			errs = append(errs, unstorable(location+"["+strconv.Itoa(i)+"]", item)...)
		}
	case map[string]any:
		for name, item := range v {
			if strings.ContainsRune(name, 0) {
				errs = append(errs, &huma.ErrorDetail{Location: location, Message: "expected names without NUL"})
			}
			errs = append(errs, unstorable(location+"."+name, item)...)
		}
	}
	return errs
}
