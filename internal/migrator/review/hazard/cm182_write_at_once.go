package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

var cm182 = Rule{
	Code: "CM182", Slug: "write-at-once", Manual: manual + "sql-update.html", Rows: true,
	Title: "many rows are written in one transaction",
	check: writeAtOnce,
}

func writeAtOnce(s subject) []Finding {
	verb, table := s.writes()
	kept := s.stmt.has("RETURNING") && parse(s.SQL).begins("WITH") // the rest of the statement may keep the rows
	all := s.stmt.outside("WHERE") < 0 && !kept
	if !s.changesRows() || s.stmt.has("LIMIT") || s.commits() || s.selectsByKey(table) {
		return nil
	}
	f := Finding{
		Severity: Warning, Table: table,
		Title:  fmt.Sprintf("every row of %s that this %s writes stays locked until all are written", table, verb),
		Reason: "Others who write these rows wait until the end, VACUUM can't remove their old versions before, and a failure rolls back everything.",
		Advice: "Write a few thousand rows at a time, each batch in a transaction of its own, with a program outside of the migrations.",
	}
	if all && verb == "DELETE" {
		f.Severity = Error
		f.Title = allRowsLost(table)
		f.Reason = "The DELETE has no WHERE, and only a backup has the rows."
	}
	if !s.scanned(table) || verb == "DELETE" && all {
		f.Evidence = Inferred
	}
	return []Finding{f}
}

// commits reports whether the statement is part of a block that ends transactions in a
// loop, and so writes in batches.
func (s subject) commits() bool {
	body := parse(s.SQL).body()
	return body.has("COMMIT") && body.has("LOOP")
}

// selectsByKey reports whether the WHERE gives each column of a unique index a constant,
// or a list of them. On an empty table PostgreSQL chooses an index for any condition, so
// its plan says nothing.
func (s subject) selectsByKey(table string) bool {
	where := s.stmt.outside("WHERE")
	if where < 0 || s.stmt.part(where, len(s.stmt.tokens)).outside("OR") >= 0 {
		return false
	}
	t, _ := s.Before.Table(table)
	return slices.ContainsFunc(t.Indexes, func(i catalog.Index) bool {
		return i.Unique && !slices.ContainsFunc(i.Columns, func(column string) bool { return !s.stmt.comparesWithConstant(where, column) })
	})
}

// comparesWithConstant reports whether a condition behind the i-th token, outside of
// parentheses, is an equality of a column and constants.
func (t statement) comparesWithConstant(i int, column string) bool {
	depth := 0
	for ; i+2 < len(t.tokens); i++ {
		switch t.tokens[i].Text {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth > 0 || !t.tokens[i].IsName() || t.tokens[i].Name() != column {
			continue
		}
		if t.at(i+1, "=") && constant(t.tokens[i+2]) || t.at(i+1, "IN", "(") && constant(t.tokens[i+3]) {
			return true
		}
	}
	return false
}

func constant(t sqltoken.Token) bool {
	text := strings.TrimLeft(t.Text, "eE")
	return text != "" && strings.ContainsAny(text[:1], "'-0123456789")
}
