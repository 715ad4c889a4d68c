package plan

import (
	"cmp"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// A column that is to be NOT NULL is unfilled until every row has a value. A foreign key
// doesn't check a row without one, a unique index lets it be there twice, and a policy
// hides it, from the backfill and from code that doesn't know the column. So what names
// an unfilled column doesn't replace what protects the rows, nor hide them, until the
// contract has filled it.

// isUnfilled reports whether a column is to be NOT NULL and isn't yet.
func (p *planner) isUnfilled(table, name string) bool {
	have, there := column(p.present, table, name)
	want, stays := column(p.base, table, name)
	return there && stays && want.NotNull && !have.NotNull
}

func (p *planner) anyUnfilled(table string, columns []string) bool {
	return slices.ContainsFunc(columns, func(name string) bool { return p.isUnfilled(table, name) })
}

// supersededUnfilled reports whether a unique index or constraint on these columns is to
// be replaced by one that has an unfilled column besides.
func (p *planner) supersededUnfilled(want catalog.Table, columns []string) bool {
	return slices.ContainsFunc(want.Indexes, func(i catalog.Index) bool {
		return i.Unique && containsAll(i.Columns, columns) && p.anyUnfilled(want.Name, i.Columns)
	})
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// hidesUnfilled reports whether an object makes row-level security whose policies name an
// unfilled column.
func (p *planner) hidesUnfilled(i int) bool {
	return slices.ContainsFunc(p.objectChanges[i], func(c catalog.Change) bool {
		switch c.Kind {
		case catalog.KindPolicy, catalog.KindTable:
			return p.policiesNameUnfilled(cmp.Or(c.Table, c.Name))
		default:
			return false
		}
	})
}

func (p *planner) policiesNameUnfilled(table string) bool {
	want, _ := p.full.Table(table)
	return slices.ContainsFunc(want.Others, func(o catalog.Object) bool {
		if o.Kind != catalog.KindPolicy {
			return false
		}
		for token := range sqltoken.All(o.Definition) {
			if p.isUnfilled(table, token.Name()) {
				return true
			}
		}
		return false
	})
}

// unforced is a step during which the owner of tables sees all their rows: under FORCE
// ROW LEVEL SECURITY it wouldn't, and PostgreSQL would validate a foreign key without
// having looked. In a file without a transaction, each lock is held for an instant.
func (p *planner) unforced(step Step, tables ...string) Step {
	before, after := p.present.Unforce(tables...)
	if len(before) == 0 {
		return step
	}
	step.SQL = strings.Join(slices.Concat(before, []string{step.SQL}, after), ";\n")
	step.Comment += ". The owner of the tables is\nexempt from their policies meanwhile; the service isn't"
	step.Alone = true
	return step
}
