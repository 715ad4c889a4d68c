package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
)

var cm212 = Rule{
	Code: "CM212", Slug: "definer-search-path", Manual: manual + "sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY",
	Title: "a SECURITY DEFINER function has no search_path of its own",
	check: definerSearchPath,
}

func definerSearchPath(s subject) (found []Finding) {
	for _, o := range s.After.Others {
		if o.Kind != catalog.KindFunction || slices.Contains(s.Before.Others, o) || !exploitable(o.Definition) {
			continue
		}
		if i := slices.IndexFunc(s.final().Others, func(f catalog.Object) bool { return f.Kind == o.Kind && f.Name == o.Name }); i < 0 || !exploitable(s.final().Others[i].Definition) {
			continue
		}
		found = append(found, Finding{
			Severity: Warning,
			Title:    fmt.Sprintf("whoever may call %s can make it run code of theirs with its owner's privileges", o.Name),
			Reason:   "It is SECURITY DEFINER and looks names up on its caller's search_path, where a table or function of the same name may come first.",
			Advice:   "Add SET search_path = public, pg_temp, or the schemas that it needs.",
		})
	}
	return found
}

// exploitable reports whether a function has its owner's privileges and its caller's
// search_path.
func exploitable(definition string) bool {
	head, _ := cutFunction(definition)
	return strings.Contains(head, " SECURITY DEFINER") && !strings.Contains(head, "\n SET search_path ")
}
