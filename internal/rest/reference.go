package rest

import (
	"context"
	"reflect"

	"commitment/internal/fault"
)

// Visible makes a field's Visible of the query for the ids that the client sees of those.
func Visible[T comparable](query func(context.Context, ...T) ([]T, error)) func(context.Context, []any) (map[any]bool, error) {
	return func(ctx context.Context, ids []any) (map[any]bool, error) {
		typed := make([]T, 0, len(ids))
		for _, id := range ids {
			if id, ok := id.(T); ok {
				typed = append(typed, id)
			}
		}
		found, err := query(ctx, typed...)
		visible := map[any]bool{}
		for _, id := range found {
			visible[id] = true
		}
		return visible, err
	}
}

// References refuses bodies, by which clients create or patch, that refer to what the client
// doesn't see: a foreign key can lead to what a policy or an interceptor hides, and for the
// client that doesn't exist. Views are what the patches change, or nil: a reference that
// stays as it is isn't looked up. At is the pointer to a body. There is one query for each
// field.
func References(ctx context.Context, fields []Field, bodies, views []any, at func(i int) string) error {
	var unknown []fault.Field
	for i := range fields {
		f := &fields[i]
		if f.Visible == nil {
			continue
		}
		given := make([]any, len(bodies)) // nil where there is nothing to look up
		for j, body := range bodies {
			if id, ok := reference(body, f); ok && (views == nil || !f.Is(Readable) || !equal(reflect.ValueOf(id), member(views[j], f.Name))) {
				given[j] = id
			}
		}
		ids := distinct(given)
		if len(ids) == 0 {
			continue
		}
		visible, err := f.Visible(ctx, ids)
		if err != nil {
			return err
		}
		for j, id := range given {
			if id != nil && !visible[id] && len(unknown) < maxErrors {
				unknown = append(unknown, fault.Field{Pointer: at(j) + "/" + f.Name, Message: ErrUnknownReference.Message})
			}
		}
	}
	if unknown == nil {
		return nil
	}
	e := *ErrUnknownReference
	e.Fields = unknown
	return &e
}

// reference is the id that a body has in a field; false if it has none.
func reference(body any, f *Field) (any, bool) {
	v, ok := lookup(body, f.Name)
	if !ok {
		return nil, false
	}
	if change, ok := reflect.TypeAssert[given](v); ok {
		return change.given()
	}
	id, null := value(v)
	if null {
		return nil, false
	}
	return id.Interface(), true
}
