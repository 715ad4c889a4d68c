package trace

import (
	"cmp"
	"slices"
	"strings"

	"commitment/internal/sqltoken"
)

// Write is a table whose rows a statement changes, itself or in a function that it
// calls.
type Write struct {
	// Table is its OID; 0 for a statement that ends transactions itself, whose writes
	// aren't seen.
	Table uint32
	// Columns are those that a plain UPDATE sets; nil for all.
	Columns []string
}

// written are the tables that a statement began to write to, or emptied. PostgreSQL
// itself tells: even if there is no row, writing takes ROW EXCLUSIVE on the table, and
// TRUNCATE gives it another file. A lock that was held before may be an earlier
// statement's.
func (s state) written(after state, query string) []Write {
	changes := changesRows(query)
	var writes []Write
	for oid, r := range after.relations {
		old, known := s.relations[oid]
		emptied := changes && known && old.storage != r.storage
		begun := after.writing[oid] && (changes || !s.writing[oid]) && !defines(query)
		if r.table && (emptied || begun) {
			writes = append(writes, Write{Table: oid, Columns: assigned(query)})
		}
	}
	slices.SortFunc(writes, func(a, b Write) int { return cmp.Compare(a.Table, b.Table) })
	return writes
}

// changesRows reports whether statements of this kind can change rows, themselves or in
// a function that they call.
func changesRows(query string) bool {
	for first := range sqltoken.All(query) {
		return first.Is("insert", "update", "delete", "merge", "truncate", "copy", "with", "select", "do", "call", "execute")
	}
	return false
}

func truncates(query string) bool {
	for first := range sqltoken.All(query) {
		return first.Is("truncate")
	}
	return false
}

// defines reports whether a statement only stores statements for later. PostgreSQL
// parses those, and locks the tables that they write to.
func defines(query string) bool {
	var words []string
	for t := range sqltoken.All(query) {
		if words = append(words, strings.ToLower(t.Text)); len(words) == 4 {
			break
		}
	}
	if len(words) < 4 || words[0] != "create" {
		return false
	}
	kind := words[1]
	if kind == "or" {
		kind = words[3]
	}
	return slices.Contains([]string{"function", "procedure", "rule"}, kind)
}

// assigned are the columns that a plain UPDATE sets; nil for any other statement.
func assigned(query string) []string {
	tokens := slices.Collect(sqltoken.All(query))
	set := slices.IndexFunc(tokens, func(t sqltoken.Token) bool { return t.Is("set") })
	if set < 0 || !tokens[0].Is("update") {
		return nil
	}
	var columns []string
	depth, next := 0, true
	rest := tokens[set+1:]
	for i, t := range rest {
		switch {
		case t.Text == "(":
			if next {
				return nil // several columns at once
			}
			depth++
		case t.Text == ")":
			depth--
		case depth > 0:
		case t.Text == ",":
			next = true
		case t.Is("where", "from", "returning"):
			return columns
		case next && i+1 < len(rest) && rest[i+1].Text == "=":
			columns, next = append(columns, t.Name()), false
		}
	}
	return columns
}
