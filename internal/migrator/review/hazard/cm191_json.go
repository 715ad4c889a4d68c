package hazard

import (
	"fmt"
	"iter"

	"commitment/internal/migration/catalog"
)

var cm191 = Rule{
	Code: "CM191", Slug: "json", Manual: manual + "datatype-json.html",
	Title: "a column is json",
	check: jsonColumn,
}

func jsonColumn(s subject) (found []Finding) {
	for table, c := range s.newColumns() {
		if c.Type != "json" {
			continue
		}
		found = append(found, Finding{
			Severity: Note, Table: table,
			Title:  fmt.Sprintf("%s of %s stores JSON as text", c.Name, table),
			Reason: "It is parsed at each use, and has no equality operator, so that DISTINCT, GROUP BY and an index on it fail.",
			Advice: "Use jsonb.",
		})
	}
	return found
}

// newColumns are the columns that the statement adds to a table or creates one with.
func (s subject) newColumns() iter.Seq2[string, catalog.Column] {
	return func(yield func(string, catalog.Column) bool) {
		for _, p := range s.extended() {
			for _, c := range p.added() {
				if !yield(p.after.Name, c) {
					return
				}
			}
		}
	}
}

// extended are the tables, new ones too, that get a column.
func (s subject) extended() (found []pair) {
	for _, after := range s.After.Tables {
		before, _ := s.Before.TableOf(after)
		if p := (pair{before, after}); len(p.added()) > 0 && !partition(after) {
			found = append(found, p)
		}
	}
	return found
}
