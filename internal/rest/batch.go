package rest

import (
	"context"
	"fmt"
	"reflect"

	"entgo.io/ent/dialect/sql"
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

// Bulk returns the function that inserts all entities of a batch, or nil.
func (r *Resource[E, V, C, P]) Bulk() func(context.Context, []C) ([]E, error) {
	if r.InsertAll.insert != reflect.ValueOf(r.Insert).Pointer() {
		return nil
	}
	return r.InsertAll.all
}

// GetAll returns the entities of these ids, in their order, locked against other changes;
// the zero value where there is none. The locks are taken in the order of the ids, so that
// no two batches wait for each other.
func (r *Resource[E, V, C, P]) GetAll(ctx context.Context, ids []any) ([]E, error) {
	found, err := r.All(ctx, func(s *sql.Selector) {
		s.Where(sql.In(s.C(r.Table.ID().Column), ids...)).OrderBy(s.C(r.Table.ID().Column)).ForUpdate(sql.WithLockClause("FOR NO KEY UPDATE"))
	})
	if err != nil {
		return nil, err
	}
	byID := map[string]E{}
	for _, e := range found {
		byID[r.FormatID(r.View(e))] = e
	}
	all := make([]E, len(ids))
	for i, id := range ids {
		all[i] = byID[fmt.Sprint(id)]
	}
	return all, nil
}
