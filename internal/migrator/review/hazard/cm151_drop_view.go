package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
)

var cm151 = Rule{
	Code: "CM151", Slug: "drop-view", Manual: manual + "sql-dropview.html",
	Title: "a view is dropped",
	check: dropView,
}

func dropView(s subject) (found []Finding) {
	for _, o := range s.Before.Others {
		view := o.Kind == catalog.KindView || o.Kind == catalog.KindMaterializedView
		if !view || !hasObject(s.file[0].Before, o) || hasObject(s.After, o) || hasObject(s.final(), o) {
			continue
		}
		f := Finding{
			Severity: Error,
			Title:    fmt.Sprintf("%s %s is lost", o.Kind, o.Name),
			Reason:   "Code that reads it breaks at once.",
			Advice:   "Deploy code that doesn't read it, and drop it in a later release.",
		}
		if o.Kind == catalog.KindMaterializedView {
			f.Reason += " Its rows and indexes are gone, too, and have to be computed again."
		}
		if !s.names(o.Name) && s.stmt.has("CASCADE") {
			f.Title = fmt.Sprintf("CASCADE also drops %s %s", o.Kind, o.Name)
			f.Reason = "The statement doesn't name it, and it isn't restored. " + f.Reason
			f.Advice = "Drop what depends on it by name, without CASCADE, so that nothing else goes with it."
		}
		found = append(found, f)
	}
	return found
}

// hasObject reports whether a schema has an object of that kind and name.
func hasObject(s catalog.Schema, o catalog.Object) bool {
	return slices.ContainsFunc(s.Others, func(other catalog.Object) bool { return other.Kind == o.Kind && other.Name == o.Name })
}

// names reports whether the statement has the name.
func (s subject) names(name string) bool {
	for _, t := range s.stmt.tokens {
		if t.IsName() && t.Name() == name {
			return true
		}
	}
	return false
}
