package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
)

var cm222 = Rule{
	Code: "CM222", Slug: "policy-scan", Manual: rowSecurityManual,
	Title: "a policy makes statements scan the table",
	check: policyScan,
}

func policyScan(s subject) (found []Finding) {
	for _, p := range s.remade() {
		column := tenantColumn(p.after)
		if column == "" || partition(p.after) {
			continue
		}
		for _, o := range objects(p.after, catalog.KindPolicy) {
			if !slices.Contains(p.before.Others, o) {
				found = append(found, s.slowRules(p.after, readPolicy(o))...)
				found = append(found, alternatives(p, readPolicy(o))...)
			}
		}
		final, stays := s.final().TableOf(p.after)
		if becomesTenants(p) && stays && !indexed(final, []string{column}) {
			found = append(found, Finding{
				Severity: Warning, Table: p.after.Name,
				Title:  fmt.Sprintf("no index of %s begins with %s", p.after.Name, column),
				Reason: "Every statement is about the rows of one tenant, and reads those of all.",
				Advice: fmt.Sprintf("Begin the indexes with it: CREATE INDEX CONCURRENTLY ON %s (%s, …); in Ent, index.Fields(%q, …).", p.after.Name, column, column),
			})
		}
	}
	return found
}

// slowRules finds what a policy calls for each row.
func (s subject) slowRules(t catalog.Table, p policy) (found []Finding) {
	var called []string
	for _, rule := range p.rules {
		called = append(called, calls(rule)...)
	}
	slices.Sort(called)
	for _, name := range slices.Compact(called) {
		f := Finding{
			Severity: Warning, Table: t.Name,
			Title:  fmt.Sprintf("policy %s of %s calls %s for each row", p.name, t.Name, name),
			Reason: "Outside of a subquery it is called again for every row that isn't found by an index.",
			Advice: fmt.Sprintf("Write (SELECT %s(…)), which is evaluated once for a statement.", name),
		}
		switch {
		case s.isVolatile(name):
			f.Reason = "It is VOLATILE, so no index can serve the condition: every statement reads the whole table."
			f.Advice = "Declare it STABLE, and write (SELECT " + name + "(…)), which is evaluated once for a statement."
		case name != "current_setting":
			continue
		}
		found = append(found, f)
	}
	return found
}

// isVolatile reports whether a function of the schema is declared, or left, VOLATILE.
func (s subject) isVolatile(name string) bool {
	return slices.ContainsFunc(s.After.Others, func(o catalog.Object) bool {
		head, _ := cutFunction(o.Definition)
		return o.Kind == catalog.KindFunction && strings.HasPrefix(o.Name, name+"(") && !strings.Contains(head, " STABLE") && !strings.Contains(head, " IMMUTABLE")
	})
}

// alternatives finds the policies of which a row needs to pass only one.
func alternatives(p pair, added policy) (found []Finding) {
	for _, other := range policies(p.after) {
		isNew := !slices.ContainsFunc(policies(p.before), func(o policy) bool { return o.name == other.name })
		if other.name == added.name || isNew && other.name < added.name || !added.permissive || !other.permissive ||
			!added.overlaps(other) || added.allRows(p.after) || other.allRows(p.after) {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Table: p.after.Name,
			Title:  fmt.Sprintf("a row of %s is visible if policy %s or policy %s allows it", p.after.Name, added.name, other.name),
			Reason: "Permissive policies for the same command and role are combined by OR, which the tenant's index doesn't serve, and which lets in what one of them does.",
			Advice: "Make the second one AS RESTRICTIVE to combine them by AND, or write both conditions into one policy.",
		})
	}
	return found
}
