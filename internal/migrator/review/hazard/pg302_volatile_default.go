package hazard

import (
	"fmt"
	"iter"
	"strings"

	"commitment/internal/migration/catalog"
)

var pg302 = Rule{
	Code: "PG302", Slug: "volatile-default", Manual: alterTable, Timed: true,
	Title: "a default that differs per row rewrites the table",
	check: volatileDefault,
}

func volatileDefault(s subject) (found []Finding) {
	for table, c := range s.filled() {
		if numbered(c) || stored(c) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: table,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while every row gets its %s", table, c.Name),
			Reason: fmt.Sprintf("The default %s differs per row, so the table and its indexes are rewritten under the strongest lock.", c.Default),
			Advice: fillLater,
			Fix:    s.safe,
		})
	}
	return found
}

const fillLater = "Add the column without a value, set the default for new rows, and backfill existing rows in batches of a few thousand."

// filled are the added columns for whose values a table is rewritten.
func (s subject) filled() iter.Seq2[string, catalog.Column] {
	return func(yield func(string, catalog.Column) bool) {
		for p := range s.tables() {
			for _, c := range p.added() {
				if s.rewritten(p.after.Name) && filledPerRow(c) && !yield(p.after.Name, c) {
					return
				}
			}
		}
	}
}

// filledPerRow reports whether a new column's values differ per row.
func filledPerRow(c catalog.Column) bool { return numbered(c) || stored(c) || volatile(c.Default) }

func numbered(c catalog.Column) bool { return c.Identity || strings.HasPrefix(c.Default, "nextval(") }

func stored(c catalog.Column) bool { return c.Generated && !c.Virtual }

// volatile reports whether a default calls a function that may differ per row. That the
// table was rewritten says that one of the statement's defaults does.
func volatile(expression string) bool {
	return strings.Contains(expression, "(") && !strings.HasPrefix(expression, "now()")
}
