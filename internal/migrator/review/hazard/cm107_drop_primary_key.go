package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var cm107 = Rule{
	Code: "CM107", Slug: "drop-primary-key", Manual: alterTable,
	Title: "a primary key is dropped",
	check: dropPrimaryKey,
}

func dropPrimaryKey(s subject) (found []Finding) {
	for p := range s.tables() {
		final, _ := s.final().TableOf(p.after)
		if !hasPrimaryKey(p.before) || hasPrimaryKey(p.after) || hasPrimaryKey(final) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("%s has no primary key from now on", p.after.Name),
			Reason: "Rows can repeat, upserts on the key fail with 42P10, and logical replication refuses UPDATE and DELETE.",
			Advice: "Build the index of the new key CONCURRENTLY, then drop the old one and add the new one USING INDEX in one statement.",
		})
	}
	return found
}

func hasPrimaryKey(t catalog.Table) bool {
	_, has := t.PrimaryKey()
	return has
}
