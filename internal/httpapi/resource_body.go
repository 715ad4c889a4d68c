package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"commitment/internal/rest"
)

// part is an object in a body, and what it is decoded into.
type part struct {
	location string // in huma's words
	text     json.RawMessage
	into     any
}

// decode reads the body of an operation on a resource into v. The error has all that is
// wrong with it.
func (a *api) decode(body []byte, schema *huma.Schema, v any, fields []rest.Field) error {
	parsed, errs, err := a.validate(body, schema)
	if err != nil {
		return err
	}
	errs = append(errs, unfit("body", a.resolve(schema), parsed)...)
	return decodeParts(errs, fields, part{"body", body, v})
}

// validate parses a body, and finds what is wrong with it by its schema.
func (a *api) validate(body []byte, schema *huma.Schema) (parsed any, errs []error, err error) {
	if err := unmarshal(body, &parsed); err != nil {
		return nil, nil, newProblem(http.StatusBadRequest, "validation failed", []error{&huma.ErrorDetail{Location: "body", Message: err.Error()}})
	}
	const longPath = 128
	path, result := huma.NewPathBuffer(make([]byte, 0, longPath), 0), &huma.ValidateResult{}
	path.Push("body")
	huma.Validate(a.huma.OpenAPI().Components.Schemas, a.resolve(schema), path, huma.ModeWriteToServer, parsed, result)
	if bytes.Contains(body, []byte(`\u0000`)) {
		result.Errors = append(result.Errors, unstorable("body", parsed)...)
	}
	return parsed, result.Errors, nil
}

func (a *api) resolve(schema *huma.Schema) *huma.Schema { return resolve(a.huma.OpenAPI(), schema) }

// decodeParts decodes the parts of a body, unless errs has something that is wrong with
// it: then it looks for more, by the types of members and the schema's validators.
func decodeParts(errs []error, fields []rest.Field, parts ...part) error {
	refused := func(p part) bool { return json.Unmarshal(p.text, p.into) != nil || !rest.Round(p.into, fields) }
	if len(errs) == 0 && !slices.ContainsFunc(parts, refused) {
		return nil
	}
	blamed := map[string]bool{}
	for _, err := range errs {
		if detail, ok := err.(*huma.ErrorDetail); ok { //nolint:errorlint // as huma and we made it
			location, _ := locate(detail)
			blamed[location] = true
		}
	}
	for _, p := range parts {
		var members map[string]json.RawMessage
		if json.Unmarshal(p.text, &members) != nil {
			continue // the schema has said so
		}
		for i := range fields {
			f, location := &fields[i], p.location+"."+fields[i].Name
			text, given := members[f.Name]
			if !given || blames(blamed, location) {
				continue
			}
			if message := rest.Wrong(p.into, f, text); message != "" {
				errs = append(errs, &huma.ErrorDetail{Location: location, Message: message})
			}
		}
	}
	if len(errs) == 0 {
		errs = []error{&huma.ErrorDetail{Location: "body", Message: "can't be read"}}
	}
	return newProblem(http.StatusUnprocessableEntity, "validation failed", errs)
}

// blames reports whether a member, or something inside of it, has been blamed.
func blames(blamed map[string]bool, location string) bool {
	for b := range blamed {
		if inside, ok := strings.CutPrefix(b, location); ok && (inside == "" || inside[0] == '.' || inside[0] == '[') {
			return true
		}
	}
	return false
}

// unfit finds members that huma lets pass: those that are null and can't be, which it takes
// for members that aren't there, and UUIDs in braces, without dashes or as a URN.
func unfit(location string, schema *huma.Schema, parsed any) (errs []error) {
	members, _ := parsed.(map[string]any)
	for name, value := range members {
		property := schema.Properties[name]
		if property == nil {
			continue
		}
		wrong := func(message string) {
			errs = append(errs, &huma.ErrorDetail{Location: location + "." + name, Message: message})
		}
		text, isText := value.(string)
		switch {
		case value == nil && !property.Nullable && property.Type != "" && !slices.Contains(schema.Required, name):
			wrong("can't be null")
		case isText && property.Format == "uuid" && len(text) != len(uuid.Nil.String()) && uuid.Validate(text) == nil:
			wrong("expected a UUID, such as 01890a5d-ac96-774b-bcce-b302099a8057")
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
