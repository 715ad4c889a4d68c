package revert

import (
	"fmt"
	"maps"
	"slices"

	"commitment/internal/sqltoken"
)

// renames restores the names that the file has changed.
func (f *finder) renames() []string {
	var s []string
	for _, waits := range slices.Sorted(maps.Keys(f.early)) {
		if name := f.early[waits]; waits != name {
			s = append(s, fmt.Sprintf("ALTER INDEX %s RENAME TO %s", sqltoken.Quote(waits), sqltoken.Quote(name)))
		}
	}
	for _, p := range f.pairs() {
		if p.after.Name != p.before.Name {
			s = append(s, fmt.Sprintf("ALTER TABLE %s RENAME TO %s", sqltoken.Quote(p.after.Name), sqltoken.Quote(p.before.Name)))
		}
		s = append(s, renamesIn(p)...)
	}
	return append(s, f.renamedLabels()...)
}

func renamesIn(p pair) []string {
	var s []string
	alter := func(what, from, to string) {
		if from != to {
			s = append(s, fmt.Sprintf("ALTER TABLE %s RENAME %s %s TO %s", sqltoken.Quote(p.before.Name), what, sqltoken.Quote(from), sqltoken.Quote(to)))
		}
	}
	for _, c := range p.before.Columns {
		if now, stays := byPosition(p.after, c.Position); stays {
			alter("COLUMN", now.Name, c.Name)
		}
	}
	for _, c := range p.before.Constraints {
		if now, stays := findConstraint(p.after.Constraints, c); stays {
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
