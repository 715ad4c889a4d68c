package hazard

import "fmt"

var cm131 = Rule{
	Code: "CM131", Slug: "rename-enum-value", Manual: manual + "sql-altertype.html",
	Title: "an enum value is renamed",
	check: renameEnumValue,
}

func renameEnumValue(s subject) []Finding {
	i := s.stmt.find("RENAME", "VALUE")
	if s.Err != nil || !s.stmt.begins("ALTER", "TYPE") || i < 0 || i+4 >= len(s.stmt.tokens) {
		return nil
	}
	was, is := s.stmt.tokens[i+2].Text, s.stmt.tokens[i+4].Text
	return []Finding{{
		Severity: Error, Evidence: Inferred,
		Title:  fmt.Sprintf("code that writes or compares %s breaks: it is now %s", was, is),
		Reason: noNameSuits,
		Advice: "Add the new value, let the code accept both, update the rows, and leave the old value unused.",
	}}
}
