package rest

import (
	"context"
	"reflect"
)

// Inserter inserts all entities of a batch, in fewer statements than one by one.
type Inserter[E, C any] struct {
	insert uintptr
	all    func(context.Context, []C) ([]E, error)
}

// Bulk returns an Inserter that stands in for a function that inserts one. It isn't used
// by a resource that inserts with another: what replaces the one holds in batches, too.
func Bulk[E, C any](insert func(context.Context, C) (E, error), all func(context.Context, []C) ([]E, error)) Inserter[E, C] {
	return Inserter[E, C]{reflect.ValueOf(insert).Pointer(), all}
}

// insteadOf returns the function that inserts all entities of a batch, or nil if insert has
// no such function.
func (i Inserter[E, C]) insteadOf(insert func(context.Context, C) (E, error)) func(context.Context, []C) ([]E, error) {
	if i.insert != reflect.ValueOf(insert).Pointer() {
		return nil
	}
	return i.all
}
