package revert

import (
	"context"
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// renames restores the names that the file has changed.
func (f *finder) renames(ctx context.Context) []string {
	var s []string
	for _, p := range f.pairs() {
		s = append(s, f.earlyNames(p)...)
		s = append(s, f.renamesIn(p)...)
	}
	return append(append(f.names(ctx), s...), f.renamedLabels()...)
}

// earlyNames gives what was built ahead its own name. An index that a constraint takes
// gets the constraint's.
func (f *finder) earlyNames(p pair) []string {
	var s []string
	for _, x := range p.after.Indexes {
		own, waits := f.early[early{name: x.Name}]
		if waits && own != x.Name && !isConstraint(p.before, own) {
			s = append(s, fmt.Sprintf("ALTER INDEX %s RENAME TO %s", sqltoken.Quote(x.Name), sqltoken.Quote(own)))
		}
	}
	for _, c := range p.after.Constraints {
		if own := f.early[early{p.after.OID, c.Name}]; own != "" && own != c.Name {
			s = append(s, fmt.Sprintf("ALTER TABLE %s RENAME CONSTRAINT %s TO %s", sqltoken.Quote(p.after.Name), sqltoken.Quote(c.Name), sqltoken.Quote(own)))
		}
	}
	return s
}

func isConstraint(t catalog.Table, name string) bool {
	return slices.ContainsFunc(t.Constraints, func(c catalog.Constraint) bool { return c.Name == name })
}

func (f *finder) renamesIn(p pair) []string {
	var s []string
	alter := func(what, from, to string) {
		if from != to {
			s = append(s, fmt.Sprintf("ALTER TABLE %s RENAME %s %s TO %s", sqltoken.Quote(p.before.Name), what, sqltoken.Quote(from), sqltoken.Quote(to)))
		}
	}
	for _, c := range p.before.Columns {
		if now, stays := byPosition(p.after, c.Position); stays && !f.before.inherits(catalog.KindColumn, p.before, c.Name) {
			alter("COLUMN", now.Name, c.Name)
		}
	}
	for _, c := range p.before.Constraints {
		if now, stays := findConstraint(p.after.Constraints, c); stays && !f.before.inherits(catalog.KindConstraint, p.before, c.Name) {
			alter("CONSTRAINT", now.Name, c.Name)
		}
	}
	for _, x := range p.before.Indexes {
		if now, stays := findIndex(p.after.Indexes, x); stays && x.Constraint == "" && now.Name != x.Name {
			s = append(s, fmt.Sprintf("ALTER INDEX %s RENAME TO %s", sqltoken.Quote(now.Name), sqltoken.Quote(x.Name)))
		}
	}
	return s
}
