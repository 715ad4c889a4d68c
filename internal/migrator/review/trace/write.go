package trace

import (
	"cmp"
	"slices"
	"strings"

	"commitment/internal/sqltoken"
)

// Write is a table whose rows a statement changes, by itself or in what it calls.
type Write struct {
	// Table is its OID, and 0 for a statement that ends transactions itself: what it
	// writes isn't seen.
	Table uint32
	// Columns are those that it sets when it is a plain UPDATE, and nil for all.
	Columns []string
}

// written are the tables that a statement has begun to write to, or has emptied.
// PostgreSQL itself says that: even where no row is, writing takes ROW EXCLUSIVE on the
// table, and TRUNCATE gives it another file. A lock that was there before may be an
// earlier statement's.
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

// changesRows reports whether a statement is of the kinds that do, by itself or in
// what it calls.
func changesRows(query string) bool {
	for first := range sqltoken.All(query) {
		return first.Is("insert", "update", "delete", "merge", "truncate", "copy", "with", "select", "do", "call", "execute")
	}
	return false
}

// defines reports whether a statement only keeps statements for later. PostgreSQL
// parses them, and for that locks the tables that they write to.
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

// assigned are the columns that a plain UPDATE sets, and nil for any other
// statement.
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
