package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
)

var cm197 = Rule{
	Code: "CM197", Slug: "no-key", Manual: manual + "ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS",
	Title: "a table has no key",
	check: noKey,
}

func noKey(s subject) (found []Finding) {
	for _, t := range s.created() {
		final, stays := s.final().TableOf(t)
		if !stays || len(final.Columns) == 0 || hasKey(final) || partition(final) || strings.HasPrefix(final.Options, "INHERITS ") {
			continue
		}
		found = append(found, Finding{
			Severity: Note, Table: t.Name,
			Title:  fmt.Sprintf("nothing tells two equal rows of %s apart", t.Name),
			Reason: "A row can't be updated, deleted or backfilled by its key, and logical replication refuses UPDATE and DELETE.",
			Advice: "Give it a primary key.",
		})
	}
	return found
}

// hasKey reports whether a unique index covers all rows, without a NULL.
func hasKey(t catalog.Table) bool {
	return slices.ContainsFunc(t.Indexes, func(i catalog.Index) bool {
		return i.Unique && !i.Partial && !slices.ContainsFunc(i.Columns, func(name string) bool {
			c, _ := t.Column(name)
			return !c.NotNull
		})
	})
}
