package rest

import (
	"context"
	"reflect"

	"entgo.io/ent/dialect/sql"
)

// Getter reads an entity by its id, with less than a query that can be modified.
type Getter[E Entity] struct {
	all     uintptr
	get     func(context.Context, any) (E, error)
	missing func(error) bool
}

// Get returns a Getter that stands in for a function that reads all. It isn't used by a
// resource that reads with another: what replaces the one holds for single entities, too.
// Missing reports whether an error says that there is no such entity.
func Get[E Entity](all func(context.Context, func(*sql.Selector)) ([]E, error), get func(context.Context, any) (E, error), missing func(error) bool) Getter[E] {
	return Getter[E]{reflect.ValueOf(all).Pointer(), get, missing}
}

// insteadOf returns the function that reads an entity, or nil if all has no such function.
func (g Getter[E]) insteadOf(all func(context.Context, func(*sql.Selector)) ([]E, error)) func(context.Context, any) (Entity, bool, error) {
	if g.get == nil || g.all != reflect.ValueOf(all).Pointer() {
		return nil
	}
	return func(ctx context.Context, id any) (Entity, bool, error) {
		e, err := g.get(ctx, id)
		if err != nil {
			if g.missing(err) {
				err = nil
			}
			return nil, false, err
		}
		return e, true, nil
	}
}
