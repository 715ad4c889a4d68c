package httpapi

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Member is a required member of a resource in a JSON merge patch (RFC 7396): it
// can be left as it is or set, but null, which removes, is refused.
type Member[T any] struct {
	// Value is nil when the patch leaves the member as it is.
	Value   *T
	removed bool
}

// UnmarshalJSON is called when the patch names the member.
func (m *Member[T]) UnmarshalJSON(data []byte) error {
	m.removed = bytes.Equal(data, []byte("null"))
	return json.Unmarshal(data, &m.Value)
}

// Schema is that of the value.
func (m Member[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Resolve refuses null, which a schema doesn't where a member is optional.
func (m *Member[T]) Resolve(_ huma.Context, prefix *huma.PathBuffer) []error {
	if !m.removed {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: prefix.String(), Message: "can't be removed"}}
}
