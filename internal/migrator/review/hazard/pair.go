package hazard

import (
	"iter"
	"slices"

	"commitment/internal/migration/catalog"
)

// added are the columns that only after has.
func (p pair) added() []catalog.Column {
	return slices.DeleteFunc(slices.Clone(p.after.Columns), func(c catalog.Column) bool {
		_, was := columnAt(p.before, c.Position)
		return was
	})
}

func columnAt(t catalog.Table, position int16) (catalog.Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Position == position })
	if i < 0 {
		return catalog.Column{}, false
	}
	return t.Columns[i], true
}

// altered are the columns that both have, as they were and as they are.
func (p pair) altered() iter.Seq2[catalog.Column, catalog.Column] {
	return func(yield func(was, is catalog.Column) bool) {
		for _, was := range p.before.Columns {
			if is, stays := columnAt(p.after, was.Position); stays && !yield(was, is) {
				return
			}
		}
	}
}

// adds reports whether all of the columns came with the statement.
func (p pair) adds(columns []string) bool {
	return len(columns) > 0 && !slices.ContainsFunc(columns, func(name string) bool {
		_, was := p.before.Column(name)
		return was
	})
}

// nullable are those of the columns that could be NULL before the statement.
func (p pair) nullable(columns []string) []string {
	return slices.DeleteFunc(slices.Clone(columns), func(name string) bool {
		c, was := p.before.Column(name)
		return !was || c.NotNull
	})
}

// constraints are those that only after has.
func (p pair) constraints() []catalog.Constraint { return newConstraints(p.before, p.after) }

func newConstraints(before, after catalog.Table) []catalog.Constraint {
	return slices.DeleteFunc(slices.Clone(after.Constraints), func(c catalog.Constraint) bool {
		return slices.ContainsFunc(before.Constraints, func(o catalog.Constraint) bool {
			return o.OID == c.OID || o.Name == c.Name && o.Type == c.Type && (o.Definition == c.Definition || retyped(before, after))
		})
	})
}

// retyped reports whether a column has another type, for which PostgreSQL recreates
// what depends on it.
func retyped(before, after catalog.Table) bool {
	for was, is := range (pair{before, after}).altered() {
		if was.Type != is.Type || was.Collation != is.Collation {
			return true
		}
	}
	return false
}

// indexes are those that only after has.
func (p pair) indexes() []catalog.Index { return newIndexes(p.before, p.after) }

func newIndexes(before, after catalog.Table) []catalog.Index {
	return slices.DeleteFunc(slices.Clone(after.Indexes), func(i catalog.Index) bool {
		return slices.ContainsFunc(before.Indexes, func(o catalog.Index) bool { return o.OID == i.OID })
	})
}

// builds reports whether a constraint came with an index that is new.
func (p pair) builds(c catalog.Constraint) bool {
	return slices.ContainsFunc(p.indexes(), func(i catalog.Index) bool { return i.Constraint == c.Name })
}
