package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migrator/review/trace"
	"commitment/internal/sqltoken"
)

var mf104 = Rule{
	Code: "MF104", Slug: "not-null-fails", Manual: alterTable, Rows: true,
	Title: "SET NOT NULL fails on existing NULLs",
	check: notNullFails,
}

func notNullFails(s subject) (found []Finding) {
	for table, c := range s.required() {
		if s.backfilled(table, c.Name) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Evidence: Inferred, Table: table,
			Title:  fmt.Sprintf("this fails if %s is NULL in a row of %s", c.Name, table),
			Reason: "Existing rows were written without the constraint. Running code that writes NULL breaks.",
			Advice: requireInSteps,
			Fix:    s.safe,

			Precheck: selectRows(table, sqltoken.Quote(c.Name)+" IS NULL"),
		})
	}
	return found
}

// backfilled reports whether an UPDATE before the statement sets the column.
func (s subject) backfilled(table, column string) bool {
	return slices.ContainsFunc(s.file[:s.at], func(earlier trace.Statement) bool {
		t := parse(earlier.SQL)
		if !t.begins("UPDATE") {
			return false
		}
		name, _ := t.name(t.skip(1, "ONLY"))
		return name == table && slices.ContainsFunc(t.tokens, func(tok sqltoken.Token) bool { return tok.Name() == column })
	})
}
