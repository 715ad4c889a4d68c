package hazard

import (
	"fmt"

	"commitment/internal/migrator/plan"
)

var cm103 = Rule{
	Code: "CM103", Slug: "half-done", Manual: createIndex,
	Title: "a file without a transaction has several statements",
	check: halfDone,
}

func halfDone(s subject) []Finding {
	if s.Transaction || s.stmt.sets() {
		return nil
	}
	for _, earlier := range s.file[:s.at] {
		if earlier.Transaction || parse(earlier.SQL).sets() {
			continue
		}
		return []Finding{{
			Severity: Note, Evidence: Inferred,
			Title:  fmt.Sprintf("if this fails, what line %d did remains", earlier.Line),
			Reason: "The file has no transaction to roll back. Applied again, it resumes here; another tool starts at its top.",
			Advice: "Give each statement a file of its own.",
			Fix:    s.asIs(plan.Step{Alone: true}),
		}}
	}
	return nil
}

func (t statement) sets() bool { return t.begins("SET") || t.begins("RESET") }
