package hazard

import (
	"fmt"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

var pg304 = Rule{
	Code: "PG304", Slug: "nullable-primary-key", Manual: alterTable, Rows: true,
	Title: "a primary key on nullable columns scans the table",
	check: nullablePrimaryKey,
}

func nullablePrimaryKey(s subject) (found []Finding) {
	p, added := s.addedConstraints(catalog.PrimaryKey)
	for _, c := range added {
		columns := p.nullable(c.Columns)
		if len(columns) == 0 || !s.scanned(p.after.Name) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("all of %s is read for a NULL in %s, and one makes this fail", p.after.Name, strings.Join(columns, ", ")),
			Reason: "A primary key makes its columns NOT NULL, which is checked row by row under the strongest lock, even USING INDEX.",
			Advice: "Make them NOT NULL first, with a validated CHECK.",
			Fix:    s.safe,

			Precheck: selectRows(p.after.Name, strings.Join(isNull(columns), " OR ")),
		})
	}
	return found
}

func isNull(columns []string) []string {
	var all []string
	for _, c := range columns {
		all = append(all, sqltoken.Quote(c)+" IS NULL")
	}
	return all
}
