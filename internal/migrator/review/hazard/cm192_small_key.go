package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var cm192 = Rule{
	Code: "CM192", Slug: "small-key", Manual: manual + "datatype-numeric.html",
	Title: "a key can run out of numbers",
	check: smallKey,
}

func smallKey(s subject) (found []Finding) {
	for _, p := range s.extended() {
		for _, k := range p.constraints() {
			if k.Type != catalog.PrimaryKey || len(k.Columns) != 1 {
				continue
			}
			c, _ := p.after.Column(k.Columns[0])
			rows, small := map[string]string{"integer": "2,147,483,647", "smallint": "32,767"}[c.Type]
			if !small {
				continue
			}
			found = append(found, Finding{
				Severity: Note, Table: p.after.Name,
				Title:  fmt.Sprintf("%s runs out of keys after %s rows", p.after.Name, rows),
				Reason: "Then every INSERT fails, and a wider key needs a rewrite of the table and of all that reference it.",
				Advice: "Use bigint.",
			})
		}
	}
	return found
}
