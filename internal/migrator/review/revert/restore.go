package revert

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// restoreDropped restores what the file dropped or changed, dependencies first.
func (f *finder) restoreDropped(ctx context.Context) []string {
	s := append(f.restoreTypes(), f.restoreFunctions(ctx, false)...)
	for _, t := range f.before.Tables {
		now, stays := f.present.TableOf(t)
		if !stays {
			s = append(s, f.createTable(t)...)
			continue
		}
		s = append(s, f.restoreColumns(pair{t, now})...)
	}
	s = append(s, f.restoreFunctions(ctx, true)...)
	s = append(s, f.restoreIndexes()...)
	return append(s, f.restoreConstraints()...)
}

// restoreDependents restores what depends on whole tables.
func (f *finder) restoreDependents(context.Context) []string {
	s := append(f.restoreTriggersAndPolicies(), f.restoreViews()...)
	for _, o := range f.before.Others { // of views
		if o.Kind == catalog.KindTrigger && !sameIn(f.present.Others, o) {
			s = append(s, triggerOrPolicy(strings.SplitN(o.Name, ".", 2)[0], catalog.Object{Kind: o.Kind, Name: strings.SplitN(o.Name, ".", 2)[1], Definition: o.Definition})...)
		}
	}
	return s
}

// restoreTypes also drops the types that were made again. Columns get the old type before.
func (f *finder) restoreTypes() []string {
	remade := f.remadeTypes()
	var s, last []string
	for _, o := range remade {
		kind, name := strings.ToUpper(string(o.Kind))+" ", o.Name
		if change := f.retypeColumns(o); len(change) > 0 {
			name = truncated(name) + "_was"
			s = append(s, "ALTER "+kind+sqltoken.Quote(o.Name)+" RENAME TO "+sqltoken.Quote(name))
			last = append(append(last, change...), "DROP "+kind+sqltoken.Quote(name))
			continue
		}
		s = append(s, "DROP "+kind+sqltoken.Quote(name))
	}
	for _, kind := range []catalog.Kind{catalog.KindExtension, catalog.KindType, catalog.KindDomain, catalog.KindSequence} {
		for _, o := range f.before.Others {
			gone := !has(f.present.Others, o) || slices.ContainsFunc(remade, func(r catalog.Object) bool { return r.Name == o.Name })
			if o.Kind == kind && gone && !f.before.remains(o, f.present) {
				s = append(s, o.Definition)
			}
		}
	}
	return append(s, last...)
}

// retypeColumns gives the columns of a type that was made again the one that has its name
// now. A value that the old type hasn't is refused.
func (f *finder) retypeColumns(o catalog.Object) []string {
	var s []string
	for _, p := range f.pairs() {
		for _, c := range p.after.Columns {
			_, was := byPosition(p.before, c.Position)
			if !was || !ofType(c, o) || f.present.inherits(catalog.KindColumn, p.after, c.Name) {
				continue
			}
			alter := "ALTER TABLE " + sqltoken.Quote(p.after.Name) + " ALTER COLUMN " + sqltoken.Quote(c.Name) + " "
			if c.Default != "" && !c.Generated {
				s = append(s, alter+"DROP DEFAULT")
			}
			s = append(s, alter+"TYPE "+c.Type+" USING "+sqltoken.Quote(c.Name)+"::text::"+c.Type)
			if c.Default != "" && !c.Generated {
				s = append(s, alter+"SET DEFAULT "+c.Default)
			}
		}
	}
	return s
}

// ofType reports whether a column has a type, or an array of it.
func ofType(c catalog.Column, o catalog.Object) bool {
	name := strings.TrimSuffix(c.Type, "[]")
	return name == o.Name || name == sqltoken.Quote(o.Name)
}

func (f *finder) restoreConstraints() []string {
	type found struct {
		table string
		catalog.Constraint
	}
	var all []found
	for _, t := range f.before.Tables {
		now, there := f.present.TableOf(t) // a table that comes back has none yet
		for _, c := range t.Constraints {
			inherited := there && f.before.inherits(catalog.KindConstraint, t, c.Name)
			if _, stays := findConstraint(now.Constraints, c); !stays && !inherited {
				all = append(all, found{t.Name, c})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Compare(constraintOrder(a.Type), constraintOrder(b.Type))
	})
	s := make([]string, 0, len(all))
	for _, c := range all {
		exempt, hold := f.unforce(c.table, c.Constraint)
		s = append(s, exempt...)
		s = append(s, "ALTER TABLE "+sqltoken.Quote(c.table)+" ADD CONSTRAINT "+sqltoken.Quote(c.Name)+" "+f.onEarlyIndex(c.Constraint))
		s = append(s, hold...)
	}
	return s
}

// onEarlyIndex is a constraint's definition, with the index that was built ahead for it.
func (f *finder) onEarlyIndex(c catalog.Constraint) string {
	kinds := map[string]string{catalog.PrimaryKey: "PRIMARY KEY", catalog.Unique: "UNIQUE"}
	for index, own := range f.early {
		if kind := kinds[c.Type]; index.table == 0 && own == c.Name && kind != "" {
			_, deferrable, _ := strings.Cut(c.Definition, " DEFERRABLE")
			if deferrable != "" || strings.HasSuffix(c.Definition, " DEFERRABLE") {
				deferrable = " DEFERRABLE" + deferrable
			}
			return kind + " USING INDEX " + sqltoken.Quote(index.name) + deferrable
		}
	}
	return c.Definition
}

func (f *finder) restoreIndexes() []string {
	var s []string
	for _, t := range f.before.Tables {
		now, there := f.present.TableOf(t)
		for _, x := range t.Indexes {
			inherited := there && f.before.inherits(catalog.KindIndex, t, x.Name)
			if _, stays := findIndex(now.Indexes, x); !stays && x.Constraint == "" && !inherited {
				s = append(s, x.Definition)
			}
		}
	}
	return s
}

// restoreTriggersAndPolicies creates triggers and policies.
func (f *finder) restoreTriggersAndPolicies() []string {
	var s []string
	for _, t := range f.before.Tables {
		now, stays := f.present.TableOf(t)
		if !stays { // it was created anew, and a partition got its parent's triggers
			now, _ = f.present.Table(t.Name)
		}
		for _, o := range t.Others {
			if !sameIn(now.Others, o) && !f.before.inherits(o.Kind, t, o.Name) {
				s = append(s, triggerOrPolicy(t.Name, o)...)
			}
		}
	}
	return s
}

// triggerOrPolicy creates a trigger or a policy. A trigger's definition ends with its
// state.
func triggerOrPolicy(table string, o catalog.Object) []string {
	for suffix, action := range map[string]string{
		" DISABLED":            "DISABLE TRIGGER ",
		" ENABLED FOR REPLICA": "ENABLE REPLICA TRIGGER ",
		" ENABLED ALWAYS":      "ENABLE ALWAYS TRIGGER ",
	} {
		if definition, found := strings.CutSuffix(o.Definition, suffix); found && o.Kind == catalog.KindTrigger {
			return []string{definition, "ALTER TABLE " + sqltoken.Quote(table) + " " + action + sqltoken.Quote(o.Name)}
		}
	}
	return []string{o.Definition}
}
