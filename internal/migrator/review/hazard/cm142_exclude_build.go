package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

var cm142 = Rule{
	Code: "CM142", Slug: "exclude-build", Manual: alterTable, Timed: true,
	Title: "adding an EXCLUDE constraint builds its index and blocks reads and writes",
	check: excludeBuild,
}

func excludeBuild(s subject) (found []Finding) {
	p, added := s.addedConstraints(catalog.Exclusion)
	for _, c := range added {
		found = append(found, Finding{
			Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while the index of %s is built", p.after.Name, c.Name),
			Reason: "The index is built from the whole table under the strongest lock, and PostgreSQL has no other way. Two rows that exclude each other make it fail.",
			Advice: "Run it while nobody uses the table, or on a new table into which the rows are copied.",

			Precheck: excludedPairs(p.after, c),
		})
	}
	return found
}

// excludedPairs is a query for pairs of rows of which an EXCLUDE constraint allows only
// one; empty if the constraint can't be read. Rows of different partitions never exclude
// each other.
func excludedPairs(t catalog.Table, c catalog.Constraint) string {
	at := slices.IndexFunc(t.Indexes, func(i catalog.Index) bool { return i.Constraint == c.Name })
	operators := exclusionOperators(c.Definition)
	if at < 0 || len(t.Indexes[at].Columns) != len(operators) {
		return ""
	}
	index := t.Indexes[at]
	keys := make([]string, len(operators))
	for i, column := range index.Columns {
		if !strings.HasPrefix(column, "(") {
			column = sqltoken.Quote(column)
		}
		keys[i] = fmt.Sprintf("%s AS key%d", column, i+1)
		operators[i] = fmt.Sprintf("a.key%d %s b.key%[1]d", i+1, operators[i])
	}
	rows := fmt.Sprintf("SELECT tableoid, ctid, %s FROM %s", strings.Join(keys, ", "), sqltoken.Quote(t.Name))
	if condition := predicate(index); condition != "" {
		rows += " WHERE " + condition
	}
	return fmt.Sprintf("WITH r AS (%s) SELECT a.*, b.ctid FROM r a JOIN r b ON %s WHERE a.tableoid = b.tableoid AND a.ctid < b.ctid LIMIT 10",
		rows, strings.Join(operators, " AND "))
}

// exclusionOperators are the operators in an EXCLUDE constraint's definition, one a key.
func exclusionOperators(definition string) []string {
	var all []string
	depth, from := 0, 0 // from is where an operator begins
	for t := range sqltoken.All(definition) {
		ends := depth == 1 && (t.Text == "," || t.Text == ")")
		if ends && from > 0 {
			all, from = append(all, strings.TrimSpace(definition[from:t.From])), 0
		}
		switch {
		case t.Text == "(":
			depth++
		case t.Text == ")" && depth == 1:
			return all
		case t.Text == ")":
			depth--
		case depth == 1 && t.Is("with"):
			from = t.To
		}
	}
	return all
}
