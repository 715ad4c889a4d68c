package revert

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

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

// goingFunctions are those that are in the way, each after those that use it: they use a
// column that is dropped or gets another type, a type that is made again, or a table that
// the file added; or PostgreSQL doesn't replace them.
func (f *finder) goingFunctions(ctx context.Context) []catalog.Object {
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
	var all []catalog.Object
	for found := true; found; {
		found = false
		for _, o := range f.present.Others {
			if o.Kind != catalog.KindFunction || slices.Contains(all, o) || !f.present.usesColumn(o, changed) && !f.present.usesAny(o, going) && !f.differs(ctx, o) {
				continue
			}
			at := slices.IndexFunc(all, func(used catalog.Object) bool { return f.present.usesAny(o, []string{used.Name}) })
			if at < 0 {
				at = len(all)
			}
			all = slices.Insert(all, at, o)
			going, found = append(going, o.Name), true
		}
	}
	return all
}

// changedFunctions are those that the file dropped or changed, and those that use them.
func (f *finder) changedFunctions() []string {
	var names []string
	for found := true; found; {
		found = false
		for _, o := range f.before.Others {
			if o.Kind == catalog.KindFunction && !slices.Contains(names, o.Name) && (!sameIn(f.after.Others, o) || f.before.usesAny(o, names)) {
				names, found = append(names, o.Name), true
			}
		}
	}
	return names
}

// differs reports whether a function is another one before the file, which PostgreSQL
// doesn't put in its place.
func (f *finder) differs(ctx context.Context, o catalog.Object) bool {
	old, was := find(f.before.Others, o)
	if !was { // one of the same types may have other names of arguments
		name, _, _ := strings.Cut(o.Name, "(")
		i := slices.IndexFunc(f.before.Others, func(b catalog.Object) bool {
			return b.Kind == o.Kind && strings.HasPrefix(b.Name, name+"(") && !has(f.present.Others, b)
		})
		if i < 0 {
			return false
		}
		old = f.before.Others[i]
	}
	if old.Definition == o.Definition {
		return false
	}
	err := f.trial.try(ctx, append([]string{uncheckedBodies}, old.Create()...)...)
	refused, ok := errors.AsType[*pgconn.PgError](err)
	const invalidDefinition, wrongType = "42P13", "42809"
	return ok && (refused.Code == invalidDefinition || refused.Code == wrongType)
}

// usesAny reports whether an object uses one of the types, tables or functions itself.
func (s State) usesAny(o catalog.Object, names []string) bool {
	return slices.ContainsFunc(s.uses, func(u dependency) bool {
		return u.kind == o.Kind && u.name == o.Name && u.table == o.Table && slices.Contains(names, u.relation)
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
