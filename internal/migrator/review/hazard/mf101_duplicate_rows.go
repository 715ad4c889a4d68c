package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

var mf101 = Rule{
	Code: "MF101", Slug: "duplicate-rows", Manual: createIndex, Rows: true,
	Title: "a unique index or constraint fails on duplicates",
	check: duplicateRows,
}

func duplicateRows(s subject) (found []Finding) {
	create, concurrently := s.stmt.createsIndex()
	for p := range s.tables() {
		for _, i := range p.indexes() {
			if create && i.Unique && !partition(p.after) {
				found = append(found, s.duplicates(p.after.Name, i.Columns, predicate(i), concurrently))
			}
		}
	}
	p, added := s.addedConstraints(catalog.Unique)
	for _, c := range added {
		if p.builds(c) && (!p.adds(c.Columns) || p.constant(c.Columns)) {
			found = append(found, s.duplicates(p.after.Name, c.Columns, "", false))
		}
	}
	return found
}

// predicate is the condition of a partial index.
func predicate(i catalog.Index) string {
	_, condition, _ := strings.Cut(i.Definition, " WHERE ")
	return condition
}

func (s subject) duplicates(table string, columns []string, condition string, concurrently bool) Finding {
	list := strings.Join(columns, ", ")
	f := Finding{
		Severity: Error, Evidence: Inferred, Table: table,
		Title:  fmt.Sprintf("this fails if two rows of %s have the same %s", table, list),
		Reason: "Existing rows were written without the constraint. The failure comes late, after the table was read under the lock.",
		Advice: "Look for duplicates on production first.",
		Fix:    s.safe,

		Precheck: duplicateQuery(table, columns, condition),
	}
	if concurrently {
		f.Severity, f.Fix = Note, nil
		f.Reason = "Existing rows were written without the constraint. A failed build blocks nobody, but leaves an invalid index that must be dropped before the next try."
	}
	return f
}

// duplicateQuery finds values that several rows have, among the rows that a condition
// holds for. NULLs are no duplicates.
func duplicateQuery(table string, columns []string, condition string) string {
	var conditions, names []string
	if condition != "" {
		conditions = append(conditions, "("+condition+")")
	}
	for _, c := range columns {
		if !strings.HasPrefix(c, "(") {
			c = sqltoken.Quote(c)
		}
		names = append(names, c)
		conditions = append(conditions, c+" IS NOT NULL")
	}
	list := strings.Join(names, ", ")
	return fmt.Sprintf("SELECT %s, count(*) FROM %s WHERE %s GROUP BY %[1]s HAVING count(*) > 1 LIMIT 10", list, sqltoken.Quote(table), strings.Join(conditions, " AND "))
}

// constant reports whether every row gets the same value in all of the columns.
func (p pair) constant(columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool {
		c, _ := p.after.Column(name)
		return c.Default == "" || filledPerRow(c)
	})
}
