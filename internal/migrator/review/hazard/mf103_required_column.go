package hazard

import "fmt"

var mf103 = Rule{
	Code: "MF103", Slug: "required-column", Manual: alterTable, Rows: true,
	Title: "a NOT NULL column is added without a default",
	check: requiredColumn,
}

func requiredColumn(s subject) (found []Finding) {
	for p := range s.tables() {
		for _, c := range p.added() {
			if !c.NotNull || c.Default != "" || c.Identity || c.Generated {
				continue
			}
			found = append(found, Finding{
				Severity: Error, Evidence: Inferred, Table: p.after.Name,
				Title:  fmt.Sprintf("this fails if %s has rows: %s would be NULL in them", p.after.Name, c.Name),
				Reason: "The column is NOT NULL and has no default. Running code that doesn't know the column can't insert either.",
				Advice: "Give it a default in the database, or add it as nullable, backfill it, and make it NOT NULL later.",
				Fix:    s.safe,

				Precheck: selectRows(p.after.Name, "true"),
			})
		}
	}
	return found
}
