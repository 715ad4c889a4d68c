package httpapi

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"commitment/internal/rest"
)

// view is an entity as its resource shows it, in the response of a handler of its own. V
// is what the resource's clients read, and the resource is mounted: its schema is that of
// the response.
type view[V any] struct{ shown V }

// viewOf returns an entity as a resource shows it.
func viewOf[E rest.Entity, V, C, P any](r *rest.Resource[E, V, C, P], e E) view[V] {
	shown, _ := reflect.TypeAssert[V](reflect.New(reflect.TypeFor[V]().Elem()))
	r.Show(e, shown)
	return view[V]{shown}
}

// MarshalJSON implements [json.Marshaler].
func (v view[V]) MarshalJSON() ([]byte, error) { return json.Marshal(v.shown) }

// Schema implements [huma.SchemaProvider].
func (view[V]) Schema(huma.Registry) *huma.Schema {
	return schemaRef(reflect.TypeFor[V]().Elem().Name())
}
