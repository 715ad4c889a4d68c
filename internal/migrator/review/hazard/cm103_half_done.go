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
	if s.Transaction || s.stmt.repeats() {
		return nil
	}
	for _, earlier := range s.file[:s.at] {
		if earlier.Transaction || parse(earlier.SQL).repeats() {
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

// repeats reports whether the statement belongs to others of its file, and can be run
// again: it is for the session, or exempts the owner of a table from policies for a time.
func (t statement) repeats() bool {
	_, actions := t.actions()
	return t.begins("SET") || t.begins("RESET") ||
		len(actions) == 1 && (actions[0].begins("FORCE", "ROW", "LEVEL", "SECURITY") || actions[0].begins("NO", "FORCE", "ROW", "LEVEL", "SECURITY"))
}
