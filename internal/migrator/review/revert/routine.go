package revert

import (
	"context"
	"slices"

	"commitment/internal/migration/catalog"
)

const uncheckedBodies = "SET LOCAL check_function_bodies = off"

// restoreFunctions restores those that use tables, whose row types and columns are back by
// then, or the others. It turns off the check of bodies, because they may name tables
// that come later. What PostgreSQL doesn't replace is dropped first.
func (f *finder) restoreFunctions(ctx context.Context, usingTables bool) []string {
	var tables []string
	for _, t := range f.before.Tables {
		tables = append(tables, t.Name)
	}
	var s []string
	for _, o := range f.before.Others {
		if o.Kind != catalog.KindFunction || sameIn(f.present.Others, o) || f.before.usesAny(o, tables) != usingTables {
			continue
		}
		create := o.Create()
		if has(f.present.Others, o) && !f.trial.accepts(ctx, append([]string{uncheckedBodies}, create...)...) {
			s = append(s, "DROP "+routine(o)+" "+signature(o.Name))
		}
		s = append(s, create...)
	}
	if len(s) == 0 {
		return nil
	}
	return append([]string{uncheckedBodies}, s...)
}

// dropFunctions drops those that are in the way: they use a column that is dropped or
// gets another type, a type that is made again, or a table that the file added.
func (f *finder) dropFunctions() []string {
	changed := f.recreatedColumns()
	var going []string
	for _, o := range f.remadeTypes() {
		going = append(going, o.Name)
	}
	for _, t := range f.present.Tables {
		if _, old := f.before.TableOf(t); !old {
			going = append(going, t.Name)
		}
	}
	var s []string
	for _, o := range f.present.Others {
		if o.Kind == catalog.KindFunction && (f.present.usesColumn(o, changed) || f.present.usesAny(o, going)) {
			s = append(s, "DROP "+routine(o)+" "+signature(o.Name))
		}
	}
	return s
}

// usesAny reports whether a function uses one of the types or tables itself.
func (s State) usesAny(o catalog.Object, names []string) bool {
	return slices.ContainsFunc(s.uses, func(u dependency) bool {
		return u.kind == o.Kind && u.name == o.Name && slices.Contains(names, u.relation)
	})
}

// remadeTypes are the types and domains that the file dropped and made again otherwise.
func (f *finder) remadeTypes() []catalog.Object {
	var all []catalog.Object
	for _, o := range f.before.Others {
		if o.Kind != catalog.KindType && o.Kind != catalog.KindDomain {
			continue
		}
		i := slices.IndexFunc(f.present.Others, func(n catalog.Object) bool {
			return n.Name == o.Name && (n.Kind == catalog.KindType || n.Kind == catalog.KindDomain) && n.Definition != o.Definition
		})
		if i >= 0 && !f.before.remains(o, f.present) {
			all = append(all, f.present.Others[i])
		}
	}
	return all
}
