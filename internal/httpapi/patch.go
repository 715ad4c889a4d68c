package httpapi

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Member is a required member of a resource in a JSON merge patch (RFC 7396): it
// can be left as it is or set, but null, which removes, is refused. It fits Ent's
// setters of a field that has a value in every row:
//
//	update.SetNillableName(in.Body.Name.Value)
type Member[T any] struct {
	// Value is nil when the patch leaves the member as it is.
	Value   *T `json:",omitempty"` // without a name, so that what is inside of it is found at the member
	removed bool
}

// UnmarshalJSON is called when the patch names the member.
func (m *Member[T]) UnmarshalJSON(data []byte) error {
	m.removed = bytes.Equal(data, []byte("null"))
	return json.Unmarshal(data, &m.Value)
}

// Schema is that of the value.
func (m Member[T]) Schema(r huma.Registry) *huma.Schema {
	return valueSchema[T](r, false)
}

// Resolve refuses null, which a schema doesn't where a member is optional.
func (m *Member[T]) Resolve(_ huma.Context, prefix *huma.PathBuffer) []error {
	if !m.removed {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: prefix.String(), Message: "can't be removed"}}
}

// OptionalMember is a member of a resource in a JSON merge patch that the resource
// can do without: it can be left as it is, set, or removed by null. It fits Ent's
// setters of an optional field:
//
//	update.SetNillableNote(in.Body.Note.Value)
//	if in.Body.Note.Removed {
//		update.ClearNote()
//	}
type OptionalMember[T any] struct {
	// Value is nil when the patch leaves the member as it is, or removes it.
	Value *T `json:",omitempty"`
	// Removed reports whether the patch removes the member.
	Removed bool `json:"-"`
}

// UnmarshalJSON is called when the patch names the member.
func (m *OptionalMember[T]) UnmarshalJSON(data []byte) error {
	m.Removed = bytes.Equal(data, []byte("null"))
	return json.Unmarshal(data, &m.Value)
}

// Schema is that of the value, or null.
func (m OptionalMember[T]) Schema(r huma.Registry) *huma.Schema {
	return valueSchema[T](r, true)
}

func valueSchema[T any](r huma.Registry, nullable bool) *huma.Schema {
	schema := huma.SchemaFromType(r, reflect.TypeFor[T]())
	schema.Nullable = nullable // huma's slices are, of themselves
	return schema
}
