package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var bc101 = Rule{
	Code: "BC101", Slug: "rename-table", Manual: alterTable,
	Title: "a table is renamed or moved to another schema",
	check: renameTable,
}

const noNameSuits = "While a release rolls out, old and new code run side by side, and no single name suits both."

func renameTable(s subject) (found []Finding) {
	for p := range s.tables() {
		if p.before.Name == p.after.Name {
			continue
		}
		if s.hasView(p.before.Name) {
			found = append(found, Finding{
				Severity: Note, Table: p.before.Name,
				Title:  fmt.Sprintf("code that uses %s goes through a view: the table is now named %s", p.before.Name, p.after.Name),
				Reason: "PostgreSQL writes to the table through a view that selects its columns from it alone. Upserts, TRUNCATE and foreign keys need the table.",
				Advice: "Drop the view in a later release.",
			})
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: p.before.Name,
			Title:  fmt.Sprintf("code that uses %s breaks: it is now named %s", p.before.Name, p.after.Name),
			Reason: noNameSuits,
			Advice: fmt.Sprintf("Keep the name, in Ent with the annotation entsql.Table(%q), or leave a view under the old name.", p.before.Name),
		})
	}
	i := s.stmt.outside("SET", "SCHEMA")
	if i < 0 {
		return found
	}
	schema, _ := s.stmt.name(i + 2)
	for _, t := range s.dropped() {
		found = append(found, Finding{
			Severity: Error, Table: t.Name,
			Title:  fmt.Sprintf("code that uses %s breaks: it is now %s.%s", t.Name, schema, t.Name),
			Reason: noNameSuits,
			Advice: "Keep the schema, or leave a view under the old name.",
		})
	}
	return found
}

// hasView reports whether the file leaves a view of that name.
func (s subject) hasView(name string) bool {
	return hasObject(s.final(), catalog.Object{Kind: catalog.KindView, Name: name})
}
