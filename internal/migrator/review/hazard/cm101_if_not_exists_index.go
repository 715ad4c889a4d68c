package hazard

import "commitment/internal/migrator/plan"

var cm101 = Rule{
	Code: "CM101", Slug: "if-not-exists-index", Manual: createIndex,
	Title: "IF NOT EXISTS keeps an invalid index",
	check: ifNotExistsIndex,
}

func ifNotExistsIndex(s subject) []Finding {
	if create, concurrently := s.stmt.createsIndex(); !create || !concurrently || !s.stmt.has("IF", "NOT", "EXISTS") {
		return nil
	}
	return []Finding{{
		Severity: Warning, Evidence: Inferred,
		Title:  "IF NOT EXISTS keeps the invalid index of a failed build",
		Reason: "A failed CONCURRENTLY leaves an index that is maintained and never used. Run again, this finds the name taken and reports success.",
		Advice: "Remove IF NOT EXISTS: apply drops an invalid index before it builds it again.",
		Fix:    []plan.Step{{SQL: s.stmt.without("IF", "NOT", "EXISTS").sql, Alone: true}},
	}}
}

// createsIndex reports whether the statement is a CREATE INDEX, and whether others can
// write meanwhile.
func (t statement) createsIndex() (create, concurrently bool) {
	create = t.begins("CREATE", "INDEX") || t.begins("CREATE", "UNIQUE", "INDEX")
	return create, create && t.has("INDEX", "CONCURRENTLY")
}
