package revert

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// dropAdded drops what the file added to tables, and the tables that it added,
// dependents first.
func (f *finder) dropAdded(ctx context.Context) []string {
	functions := f.goingFunctions(ctx)
	f.going = nil
	for _, o := range functions {
		f.going = append(f.going, o.Name)
	}
	var s []string
	s = append(s, f.dropTriggersAndPolicies()...)
	s = append(s, f.dropViews()...)
	s = append(s, f.dropConstraints()...)
	for _, p := range f.pairs() {
		s = append(s, f.dropIndexes(p)...)
		s = append(s, f.dropDefaults(p)...)
		s = append(s, f.dropColumns(p, true)...)
	}
	for _, o := range functions {
		s = append(s, "DROP "+routine(o)+" "+signature(o.Name))
	}
	for _, p := range f.pairs() {
		s = append(s, f.dropColumns(p, false)...)
	}
	return append(s, f.dropTables()...)
}

// dropTriggersAndPolicies drops those that differ, and those that use a column which is
// dropped or gets another type. A view's triggers are among the schema's own objects.
func (f *finder) dropTriggersAndPolicies() []string {
	changed := f.recreatedColumns()
	var s []string
	drop := func(table string, o, old catalog.Object) {
		if old.Definition != o.Definition || f.present.usesColumn(o, changed) || f.present.usesAny(o, f.going) {
			s = append(s, "DROP "+strings.ToUpper(string(o.Kind))+" "+sqltoken.Quote(o.Name)+" ON "+sqltoken.Quote(table))
		}
	}
	for _, p := range f.pairs() {
		for _, o := range p.after.Others {
			if f.present.inherits(o.Kind, p.after, o.Name) {
				continue
			}
			renamed := o
			renamed.Table = p.before.Name
			old, _ := find(p.before.Others, renamed)
			drop(p.after.Name, o, old)
		}
	}
	for _, e := range f.present.entries.all {
		if e.kind != catalog.KindTrigger {
			continue
		}
		o := catalog.Object{Kind: e.kind, Name: e.table + "." + e.name}
		if now, ofView := find(f.present.Others, o); ofView {
			old, _ := find(f.before.Others, o)
			drop(e.table, catalog.Object{Kind: o.Kind, Table: e.table, Name: e.name, Definition: now.Definition}, old)
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
			_, waits := f.early[early{p.after.OID, c.Name}]
			_, old := findConstraint(p.before.Constraints, c)
			inTheWay := f.present.usesAny(catalog.Object{Kind: catalog.KindConstraint, Table: p.after.Name, Name: c.Name}, f.going)
			if (!old || inTheWay) && !waits && !f.present.inherits(catalog.KindConstraint, p.after, c.Name) {
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
		_, waits := f.early[early{name: x.Name}]
		_, old := findIndex(p.before.Indexes, x)
		inTheWay := f.present.usesAny(catalog.Object{Kind: catalog.KindIndex, Table: p.after.Name, Name: x.Name}, f.going)
		if x.Constraint == "" && (!old || inTheWay) && !waits && !f.present.inherits(catalog.KindIndex, p.after, x.Name) {
			s = append(s, "DROP INDEX "+sqltoken.Quote(x.Name))
		}
	}
	return s
}

// dropColumns drops those that the file added, generated ones or the others.
func (f *finder) dropColumns(p pair, generated bool) []string {
	var s []string
	for _, c := range p.after.Columns {
		if _, old := byPosition(p.before, c.Position); !old && c.Generated == generated && !f.present.inherits(catalog.KindColumn, p.after, c.Name) {
			s = append(s, "ALTER TABLE "+sqltoken.Quote(p.after.Name)+" DROP COLUMN "+sqltoken.Quote(c.Name))
		}
	}
	return s
}

// dropDefaults drops those that use a function that is dropped.
func (f *finder) dropDefaults(p pair) []string {
	var s []string
	for _, c := range p.after.Columns {
		if f.present.usesAny(catalog.Object{Kind: catalog.KindColumn, Table: p.after.Name, Name: c.Name}, f.going) {
			s = append(s, "ALTER TABLE "+sqltoken.Quote(p.after.Name)+" ALTER COLUMN "+sqltoken.Quote(c.Name)+" DROP DEFAULT")
		}
	}
	return s
}

func (f *finder) dropTables() []string {
	var names []string
	for _, t := range f.present.Tables {
		if _, old := f.before.TableOf(t); !old {
			names = append(names, sqltoken.Quote(t.Name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"DROP TABLE " + strings.Join(names, ", ")}
}

// dropOthers drops added objects that no table needs any more.
func (f *finder) dropOthers(context.Context) []string {
	var s []string
	for _, o := range f.present.Others {
		if o.Kind == catalog.KindFunction && !has(f.before.Others, o) {
			s = append(s, "DROP "+routine(o)+" "+signature(o.Name))
		}
	}
	s = append(s, f.dropNew(catalog.KindSequence, catalog.KindDomain, catalog.KindType, catalog.KindExtension)...)
	for _, e := range f.present.entries.all {
		if _, old := f.before.entries.of(e.object); e.kind == kindSchema && !old {
			s = append(s, "DROP SCHEMA "+sqltoken.Quote(e.name))
		}
	}
	return s
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
	word, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(o.Definition, "CREATE "), "OR REPLACE "), " ")
	return word
}

// signature is a function's name with its arguments, as DROP needs it.
func signature(name string) string {
	name, arguments, _ := strings.Cut(name, "(")
	return sqltoken.Quote(name) + "(" + arguments
}
