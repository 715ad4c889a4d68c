package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migrator/review/trace"
)

var cm171 = Rule{
	Code: "CM171", Slug: "scan-twice", Manual: alterTable, Timed: true,
	Title: "a file scans a table more than once",
	check: scanTwice,
}

func scanTwice(s subject) []Finding {
	name := s.alters()
	if name == "" {
		return nil
	}
	for _, earlier := range s.file[:s.at] {
		if newSubject([]trace.Statement{earlier}, 0).alters() != name {
			continue
		}
		return []Finding{{
			Severity: Note, Table: name,
			Title:  fmt.Sprintf("this scans %s again after line %d", name, earlier.Line),
			Reason: "One ALTER TABLE with both actions scans it once.",
			Advice: "Combine the two statements, unless they have a safe form.",
		}}
	}
	return nil
}

// alters is the table that an ALTER TABLE scans or rewrites, other than to validate.
func (s subject) alters() string {
	name, _ := s.stmt.table()
	if !s.stmt.begins("ALTER", "TABLE") || s.validates() || !slices.Contains(s.work(), name) {
		return ""
	}
	return name
}
