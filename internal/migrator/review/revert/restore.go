package revert

import (
	"cmp"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// restoreDropped restores what the file dropped or changed, dependencies first.
func (f *finder) restoreDropped() []string {
	s := f.restoreTypes()
	s = append(s, f.restoreFunctions()...)
	for _, t := range f.before.Tables {
		now, stays := byOID(f.present.Tables, t.OID)
		if !stays {
			s = append(s, f.createTable(t)...)
			continue
		}
		s = append(s, f.restoreColumns(pair{t, now})...)
		s = append(s, restoreOptions(t, now)...)
	}
	s = append(s, f.restoreIndexes()...)
	s = append(s, f.restoreConstraints()...)
	s = append(s, f.restoreTriggersAndPolicies()...)
	return append(s, f.restoreViews()...)
}

func (f *finder) restoreTypes() []string {
	var s []string
	for _, kind := range []catalog.Kind{catalog.KindExtension, catalog.KindType, catalog.KindDomain, catalog.KindSequence} {
		for _, o := range f.before.Others {
			if o.Kind == kind && !has(f.present.Others, o) {
				s = append(s, o.Definition)
			}
		}
	}
	return s
}

// restoreFunctions turns off the check of bodies, because they may name tables that
// come later.
func (f *finder) restoreFunctions() []string {
	var s []string
	for _, o := range f.before.Others {
		if o.Kind == catalog.KindFunction && !sameIn(f.present.Others, o) {
			s = append(s, strings.TrimSpace(o.Definition))
		}
	}
	if len(s) == 0 {
		return nil
	}
	return append([]string{"SET LOCAL check_function_bodies = off"}, s...)
}

func (f *finder) restoreConstraints() []string {
	type found struct {
		table string
		catalog.Constraint
	}
	var all []found
	for _, t := range f.before.Tables {
		now, _ := byOID(f.present.Tables, t.OID) // a table that comes back has none yet
		for _, c := range t.Constraints {
			if _, stays := findConstraint(now.Constraints, c); !stays {
				all = append(all, found{t.Name, c})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Compare(constraintOrder(a.Type), constraintOrder(b.Type))
	})
	s := make([]string, 0, len(all))
	for _, c := range all {
		s = append(s, "ALTER TABLE "+sqltoken.Quote(c.table)+" ADD CONSTRAINT "+sqltoken.Quote(c.Name)+" "+c.Definition)
	}
	return s
}

func (f *finder) restoreIndexes() []string {
	var s []string
	for _, t := range f.before.Tables {
		now, _ := byOID(f.present.Tables, t.OID)
		for _, x := range t.Indexes {
			if _, stays := findIndex(now.Indexes, x); !stays && x.Constraint == "" {
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
		now, _ := byOID(f.present.Tables, t.OID)
		for _, o := range t.Others {
			if !sameIn(now.Others, o) {
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

// The options that follow a table's columns, or are switched on later.
const (
	unlogged   = "UNLOGGED"
	rowRules   = "ENABLE ROW LEVEL SECURITY"
	rowRulesOn = "FORCE ROW LEVEL SECURITY"
)

// restoreOptions switches row-level security on or off.
func restoreOptions(before, now catalog.Table) []string {
	var s []string
	for option, off := range map[string]string{rowRules: "DISABLE ROW LEVEL SECURITY", rowRulesOn: "NO FORCE ROW LEVEL SECURITY"} {
		was, is := strings.Contains(before.Options, option), strings.Contains(now.Options, option)
		switch {
		case was && !is:
			s = append(s, "ALTER TABLE "+sqltoken.Quote(before.Name)+" "+option)
		case is && !was:
			s = append(s, "ALTER TABLE "+sqltoken.Quote(before.Name)+" "+off)
		}
	}
	slices.Sort(s)
	return s
}
