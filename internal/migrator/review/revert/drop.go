package revert

import (
	"cmp"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// dropAdded drops what the file added to tables, and the tables that it added,
// dependents first.
func (f *finder) dropAdded() []string {
	var s []string
	s = append(s, f.dropViews()...)
	for _, p := range f.pairs() {
		s = append(s, dropTriggersAndPolicies(p)...)
	}
	s = append(s, f.dropConstraints()...)
	for _, p := range f.pairs() {
		s = append(s, f.dropIndexes(p)...)
		for _, c := range p.after.Columns {
			if _, old := byPosition(p.before, c.Position); !old {
				s = append(s, "ALTER TABLE "+sqltoken.Quote(p.after.Name)+" DROP COLUMN "+sqltoken.Quote(c.Name))
			}
		}
	}
	return append(s, f.dropTables()...)
}

func dropTriggersAndPolicies(p pair) []string {
	var s []string
	for _, o := range p.after.Others {
		if !sameIn(p.before.Others, o) {
			s = append(s, "DROP "+strings.ToUpper(string(o.Kind))+" "+sqltoken.Quote(o.Name)+" ON "+sqltoken.Quote(p.after.Name))
		}
	}
	return s
}

// dropConstraints drops foreign keys first, because they need the keys that they
// reference.
func (f *finder) dropConstraints() []string {
	type found struct {
		table string
		catalog.Constraint
	}
	var all []found
	for _, p := range f.pairs() {
		for _, c := range p.after.Constraints {
			if _, old := findConstraint(p.before.Constraints, c); !old {
				all = append(all, found{p.after.Name, c})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Compare(constraintOrder(b.Type), constraintOrder(a.Type))
	})
	s := make([]string, 0, len(all))
	for _, c := range all {
		s = append(s, "ALTER TABLE "+sqltoken.Quote(c.table)+" DROP CONSTRAINT "+sqltoken.Quote(c.Name))
	}
	return s
}

// constraintOrder is the order in which constraints can be created.
func constraintOrder(kind string) int {
	return slices.Index([]string{catalog.PrimaryKey, catalog.Unique, catalog.Exclusion, catalog.Check, catalog.NotNull, catalog.ForeignKey}, kind)
}

func (f *finder) dropIndexes(p pair) []string {
	var s []string
	for _, x := range p.after.Indexes {
		_, waits := f.early[x.Name]
		if _, old := findIndex(p.before.Indexes, x); x.Constraint == "" && !old && !waits {
			s = append(s, "DROP INDEX "+sqltoken.Quote(x.Name))
		}
	}
	return s
}

func (f *finder) dropTables() []string {
	var names []string
	for _, t := range f.present.Tables {
		if _, old := byOID(f.before.Tables, t.OID); !old {
			names = append(names, sqltoken.Quote(t.Name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"DROP TABLE " + strings.Join(names, ", ")}
}

// dropOthers drops added objects that no table needs any more.
func (f *finder) dropOthers() []string {
	var s []string
	for _, o := range f.present.Others {
		if o.Kind == catalog.KindFunction && !has(f.before.Others, o) {
			s = append(s, "DROP "+routine(o)+" "+signature(o.Name))
		}
	}
	return append(s, f.dropNew(catalog.KindSequence, catalog.KindDomain, catalog.KindType, catalog.KindExtension)...)
}

func (f *finder) dropNew(kinds ...catalog.Kind) []string {
	var s []string
	for _, kind := range kinds {
		for _, o := range f.present.Others {
			if o.Kind == kind && !has(f.before.Others, o) {
				s = append(s, "DROP "+strings.ToUpper(string(kind))+" "+sqltoken.Quote(o.Name))
			}
		}
	}
	return s
}

// routine is the word for a function, procedure or aggregate.
func routine(o catalog.Object) string {
	word, _, _ := strings.Cut(strings.TrimPrefix(o.Definition, "CREATE OR REPLACE "), " ")
	return word
}

// signature is a function's name with its arguments, as DROP needs it.
func signature(name string) string {
	name, arguments, _ := strings.Cut(name, "(")
	return sqltoken.Quote(name) + "(" + arguments
}
