package revert

import (
	"slices"

	"commitment/internal/migration/catalog"
)

// pair is a table in two states, whatever its name in each.
type pair struct{ before, after catalog.Table }

func (f *finder) pairs() []pair {
	var all []pair
	for _, t := range f.before.Tables {
		if now, stays := f.present.TableOf(t); stays {
			all = append(all, pair{t, now})
		}
	}
	return all
}

func byOID(tables []catalog.Table, oid uint32) (catalog.Table, bool) {
	i := slices.IndexFunc(tables, func(t catalog.Table) bool { return t.OID == oid })
	if i < 0 {
		return catalog.Table{}, false
	}
	return tables[i], true
}

func byPosition(t catalog.Table, position int16) (catalog.Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Position == position })
	if i < 0 {
		return catalog.Column{}, false
	}
	return t.Columns[i], true
}

// find is the object of the same kind and name.
func find(objects []catalog.Object, o catalog.Object) (catalog.Object, bool) {
	i := slices.IndexFunc(objects, func(other catalog.Object) bool {
		return other.Kind == o.Kind && other.Table == o.Table && other.Name == o.Name
	})
	if i < 0 {
		return catalog.Object{}, false
	}
	return objects[i], true
}

// has reports whether a list has an object of the same kind and name, and sameIn
// whether it also has the same definition.
func has(objects []catalog.Object, o catalog.Object) bool {
	_, there := find(objects, o)
	return there
}

func sameIn(objects []catalog.Object, o catalog.Object) bool { return slices.Contains(objects, o) }

// A constraint is the same if it has the same OID and validity, or if PostgreSQL
// recreated it with the same definition; so is an index.
func sameConstraint(a, b catalog.Constraint) bool {
	return a.OID == b.OID && a.Valid == b.Valid || a.Name == b.Name && a.Definition == b.Definition
}

func sameIndex(a, b catalog.Index) bool {
	return a.OID == b.OID || a.Name == b.Name && a.Definition == b.Definition && a.Valid == b.Valid
}

func findConstraint(list []catalog.Constraint, c catalog.Constraint) (catalog.Constraint, bool) {
	i := slices.IndexFunc(list, func(other catalog.Constraint) bool { return sameConstraint(c, other) })
	if i < 0 {
		return catalog.Constraint{}, false
	}
	return list[i], true
}

// findIndex looks among the indexes that don't belong to a constraint.
func findIndex(list []catalog.Index, x catalog.Index) (catalog.Index, bool) {
	i := slices.IndexFunc(list, func(other catalog.Index) bool { return other.Constraint == "" && sameIndex(x, other) })
	if i < 0 {
		return catalog.Index{}, false
	}
	return list[i], true
}
