package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
)

var cm106 = Rule{
	Code: "CM106", Slug: "drop-unique-index", Manual: alterTable,
	Title: "a unique index or constraint is dropped",
	check: dropUniqueIndex,
}

func dropUniqueIndex(s subject) (found []Finding) {
	for p := range s.tables() {
		final, _ := s.final().TableOf(p.after)
		for _, i := range newIndexes(p.after, p.before) {
			if !i.Unique || !i.Valid || primary(p.before, i.Constraint) || dropsAny(p.after, i) || replaced(final, i) {
				continue
			}
			list := strings.Join(i.Columns, ", ")
			found = append(found, Finding{
				Severity: Warning, Table: p.after.Name,
				Title:  fmt.Sprintf("two rows of %s can have the same %s from now on", p.after.Name, list),
				Reason: fmt.Sprintf("Nothing else keeps it unique, and INSERT … ON CONFLICT (%s) fails with 42P10, because it needs the index.", list),
				Advice: "Deploy code that doesn't need it first. To replace it, build the new index before.",
			})
		}
	}
	return found
}

// primary reports whether a constraint is the table's primary key.
func primary(t catalog.Table, constraint string) bool {
	key, has := t.PrimaryKey()
	return has && key.Name == constraint
}

// dropsAny reports whether a column of the index is gone, too.
func dropsAny(t catalog.Table, i catalog.Index) bool {
	return slices.ContainsFunc(i.Columns, func(name string) bool {
		_, stays := t.Column(name)
		return !stays && !strings.HasPrefix(name, "(")
	})
}

// replaced reports whether another index keeps the same columns unique.
func replaced(t catalog.Table, old catalog.Index) bool {
	return slices.ContainsFunc(t.Indexes, func(i catalog.Index) bool {
		return i.Unique && i.Valid && i.Partial == old.Partial && slices.Equal(slices.Sorted(slices.Values(i.Columns)), slices.Sorted(slices.Values(old.Columns)))
	})
}
