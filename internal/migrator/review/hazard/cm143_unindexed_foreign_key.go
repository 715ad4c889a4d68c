package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/trace"
)

var cm143 = Rule{
	Code: "CM143", Slug: "unindexed-foreign-key", Manual: manual + "ddl-constraints.html#DDL-CONSTRAINTS-FK",
	Title: "a foreign key has no index",
	check: unindexedForeignKey,
}

// unindexedForeignKey looks for the index at the end of the file; [Open] does at the end
// of the files that follow.
func unindexedForeignKey(s subject) []Finding { return unindexed(s.Statement, s.final()) }

// unindexed are the foreign keys that a statement adds and no index of the schema serves.
func unindexed(s trace.Statement, schema catalog.Schema) (found []Finding) {
	for _, after := range s.After.Tables {
		before, _ := s.Before.TableOf(after)
		final, stays := schema.TableOf(after)
		for _, c := range newConstraints(before, after) {
			if c.Type != catalog.ForeignKey || !stays || partition(after) || indexed(final, c.Columns) {
				continue
			}
			list := strings.Join(c.Columns, ", ")
			found = append(found, Finding{
				Severity: Note, Table: after.Name,
				Title:  fmt.Sprintf("no index of %s begins with %s", after.Name, list),
				Reason: fmt.Sprintf("Each DELETE of a row of %s, and each change of its key, reads all of %s.", c.References, after.Name),
				Advice: fmt.Sprintf("CREATE INDEX CONCURRENTLY ON %s (%s); in Ent, index.Edges.", after.Name, list),
			})
		}
	}
	return found
}

// indexed reports whether an index over all rows begins with the columns.
func indexed(t catalog.Table, columns []string) bool {
	return slices.ContainsFunc(t.Indexes, func(i catalog.Index) bool {
		if i.Partial || len(i.Columns) < len(columns) {
			return false
		}
		first := slices.Sorted(slices.Values(i.Columns[:len(columns)]))
		return slices.Equal(first, slices.Sorted(slices.Values(columns)))
	})
}
