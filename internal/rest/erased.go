package rest

import (
	"context"
	"fmt"
	"reflect"

	"entgo.io/ent/dialect/sql"
)

// Erased is a resource without its type parameters: entities, and pointers to what clients
// read and send, are interfaces. Go compiles its methods once, and those of a generic type
// for each resource.
type Erased struct {
	Table *Table
	// ViewType, CreateType and PatchType are the structs that clients read and send.
	ViewType, CreateType, PatchType reflect.Type

	// The functions are those of [Resource].
	Insert    func(context.Context, any) (Entity, error)
	InsertAll func(context.Context, []any) ([]Entity, error) // nil if there is none, or Insert is replaced
	Update    func(context.Context, Entity, any) (Entity, error)
	Delete    func(context.Context, Entity) error
	Undelete  func(context.Context, Entity) (Entity, error)
	Deleted   func(Entity) bool
	Version   func(Entity) int64 // nil where there is none

	show  func(Entity, any)
	all   func(context.Context, func(*sql.Selector)) ([]Entity, error)
	byID  func(context.Context, any) (e Entity, found bool, err error) // nil if there is none, or all is replaced
	count func(context.Context, func(*sql.Selector)) (int, error)
	link  func(ctx context.Context, e Entity, edge string, id any, linked bool) error
}

// Erase returns the resource without its type parameters. A function that is replaced
// later may have no effect.
func (r *Resource[E, V, C, P]) Erase() *Erased {
	erased := &Erased{
		Table:      &r.Table,
		ViewType:   reflect.TypeFor[V]().Elem(),
		CreateType: reflect.TypeFor[C]().Elem(),
		PatchType:  reflect.TypeFor[P]().Elem(),

		Insert:   func(ctx context.Context, in any) (Entity, error) { return r.Insert(ctx, in.(C)) },
		Update:   func(ctx context.Context, e Entity, in any) (Entity, error) { return r.Update(ctx, e.(E), in.(P)) },
		Delete:   func(ctx context.Context, e Entity) error { return r.Delete(ctx, e.(E)) },
		Undelete: func(ctx context.Context, e Entity) (Entity, error) { return r.Undelete(ctx, e.(E)) },
		Deleted:  func(e Entity) bool { return r.Deleted(e.(E)) },

		byID: r.ByID.insteadOf(r.All),
		show: func(e Entity, to any) { r.Show(e.(E), to.(V)) },
		all: func(ctx context.Context, modify func(*sql.Selector)) ([]Entity, error) {
			all, err := r.All(ctx, modify)
			return entities(all), err
		},
		count: r.Count,
		link: func(ctx context.Context, e Entity, edge string, id any, linked bool) error {
			return r.Link(ctx, e.(E), edge, id, linked)
		},
	}
	if all := r.InsertAll.insteadOf(r.Insert); all != nil {
		erased.InsertAll = func(ctx context.Context, in []any) ([]Entity, error) {
			bodies := make([]C, len(in))
			for i := range in {
				bodies[i] = in[i].(C)
			}
			inserted, err := all(ctx, bodies)
			return entities(inserted), err
		}
	}
	if r.Version != nil {
		erased.Version = func(e Entity) int64 { return r.Version(e.(E)) }
	}
	return erased
}

func entities[E Entity](all []E) []Entity {
	erased := make([]Entity, len(all))
	for i, e := range all {
		erased[i] = e
	}
	return erased
}

// View is an entity as clients read it.
func (r *Erased) View(e Entity) any {
	view := reflect.New(r.ViewType).Interface()
	r.show(e, view)
	return view
}

// Views are entities as clients read them, in one piece of memory.
func (r *Erased) Views(all []Entity) []any {
	views, values := make([]any, len(all)), reflect.MakeSlice(reflect.SliceOf(r.ViewType), len(all), len(all))
	for i, e := range all {
		views[i] = values.Index(i).Addr().Interface()
		r.show(e, views[i])
	}
	return views
}

// Lock says whether rows are read to be changed.
type Lock bool

// ForChange locks rows against other changes. The weaker of the two exclusive row locks
// is enough, and lets others refer to the row meanwhile.
const ForChange Lock = true

// Get returns the entity of that id. Modifiers change the query.
func (r *Erased) Get(ctx context.Context, id any, lock Lock, modifiers ...func(*sql.Selector)) (Entity, error) {
	if r.byID != nil && !bool(lock) && len(modifiers) == 0 {
		e, found, err := r.byID(ctx, id)
		if err == nil && !found {
			err = r.Table.ErrMissing()
		}
		return e, err
	}
	all, err := r.all(ctx, func(s *sql.Selector) {
		s.Where(sql.EQ(s.C(r.Table.ID().Column), id))
		if lock {
			s.ForUpdate(sql.WithLockClause("FOR NO KEY UPDATE"))
		}
		for _, m := range modifiers {
			m(s)
		}
	})
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, r.Table.ErrMissing()
	}
	return all[0], nil
}

// GetAll returns the entities of these ids, in their order, locked against other changes;
// nil where there is none. The locks are taken in the order of the ids, so that no two
// batches wait for each other.
func (r *Erased) GetAll(ctx context.Context, ids []any) ([]Entity, error) {
	found, err := r.all(ctx, func(s *sql.Selector) {
		s.Where(sql.In(s.C(r.Table.ID().Column), ids...)).OrderBy(s.C(r.Table.ID().Column)).ForUpdate(sql.WithLockClause("FOR NO KEY UPDATE"))
	})
	if err != nil {
		return nil, err
	}
	byID := map[string]Entity{}
	for _, e := range found {
		byID[r.FormatID(r.View(e))] = e
	}
	all := make([]Entity, len(ids))
	for i, id := range ids {
		all[i] = byID[fmt.Sprint(id)]
	}
	return all, nil
}
