package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migrator/review/trace"
	"commitment/internal/sqltoken"
)

var cm133 = Rule{
	Code: "CM133", Slug: "begin-to-number", Manual: alterTable,
	Title: "a column begins to number its rows with numbers that they have",
	check: beginToNumber,
}

func beginToNumber(s subject) (found []Finding) {
	for p := range s.tables() {
		for was, is := range p.altered() {
			if !is.Identity || was.Identity || s.stmt.has("START") || s.stmt.has("RESTART") || s.setsNumber() {
				continue
			}
			table, column := sqltoken.Quote(p.after.Name), sqltoken.Quote(is.Name)
			found = append(found, Finding{
				Severity: Error, Evidence: Inferred, Table: p.after.Name,
				Title:  fmt.Sprintf("%s of %s begins at 1, which rows may have", is.Name, p.after.Name),
				Reason: "An identity has a sequence of its own, which knows nothing of existing rows. An INSERT that doesn't name the column fails on a unique index, or repeats a number.",
				Advice: fmt.Sprintf("Set the sequence in the same file: SELECT setval(pg_get_serial_sequence(%s, %s), coalesce(max(%s), 0) + 1, false) FROM %s;",
					sqltoken.Literal(table), sqltoken.Literal(is.Name), column, table),
			})
		}
	}
	return found
}

// setsNumber reports whether a later statement of the file says how a sequence goes on.
func (s subject) setsNumber() bool {
	return slices.ContainsFunc(s.file[s.at+1:], func(later trace.Statement) bool {
		t := parse(later.SQL)
		return t.has("setval") || t.has("RESTART") || t.body().has("setval")
	})
}
