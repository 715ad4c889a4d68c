package hazard

import (
	"slices"

	"commitment/internal/migration/catalog"
)

var cm168 = Rule{
	Code: "CM168", Slug: "change-trigger", Manual: manual + "sql-createtrigger.html",
	Title: "a change of a trigger locks the table",
	check: changeTrigger,
}

func changeTrigger(s subject) (found []Finding) {
	for p := range s.tables() {
		l, locked := s.lock(p.after.Name)
		if !locked || !l.BlocksWrites() || slices.Equal(objects(p.before, catalog.KindTrigger), objects(p.after, catalog.KindTrigger)) {
			continue
		}
		found = append(found, Finding{
			Severity: Note, Table: p.after.Name,
			Title:  blocked(l) + " are blocked for the instant in which its triggers change",
			Reason: "The lock waits for open transactions, and later ones queue behind it.",
			Advice: keepApart,
		})
	}
	return found
}

// objects are those of a kind that belong to a table.
func objects(t catalog.Table, kind catalog.Kind) []catalog.Object {
	return slices.DeleteFunc(slices.Clone(t.Others), func(o catalog.Object) bool { return o.Kind != kind })
}
