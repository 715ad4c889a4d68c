// Package hazard knows what can go wrong in production when a schema changes: which
// locks block whom, what is rewritten or scanned meanwhile, what is lost, and what the
// safe form is. It judges what package trace measured, by one rule per file.
package hazard

import "commitment/internal/migrator/plan"

// Severity is how bad a finding is.
type Severity string

// The severities, the worst first. An error fails a review.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Evidence is what a finding is based on.
type Evidence string

// Measured findings were read from the server that ran the statement; inferred ones
// follow from the text or the schema.
const (
	Measured Evidence = "measured"
	Inferred Evidence = "inferred"
)

// Finding is something that a reviewer should know.
type Finding struct {
	// Code is Atlas's where it has one, otherwise one of ours, which begin with CM.
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Evidence Evidence `json:"evidence"`
	// Title says what happens in this case: "writes to products are blocked while index
	// products_name is built".
	Title string `json:"title"`
	// Reason says why that matters, in two sentences at most.
	Reason string `json:"reason"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"` // counted from 1; 0 when it is the whole file
	// Statement is the statement's index in the file, counted from 1, because a line
	// can have several; 0 for the whole file.
	Statement int    `json:"-"`
	Table     string `json:"table,omitempty"`
	// Lock is the lock that matters, such as "SHARE on products".
	Lock string `json:"lock,omitempty"`
	// HeldSince is the line of the earlier statement that took the lock; 0 if this one
	// did.
	HeldSince int `json:"held_since,omitempty"`
	// Estimate is how long it takes and how much it processes, if there are statistics
	// of production: "about 4 min, 38 GB".
	Estimate string `json:"estimate,omitempty"`
	// Advice is the safe form in a sentence, and Fix the same as statements that
	// replace the one at Line; it is empty if no rule can write them.
	Advice string      `json:"advice,omitempty"`
	Fix    []plan.Step `json:"fix,omitempty"`
	// Precheck is a query that returns rows on production if the statement would fail
	// there; empty if it can't fail, or no query tells.
	Precheck string `json:"precheck,omitempty"`
	// Docs is the path of the code's page, from the project's root.
	Docs string `json:"docs,omitempty"`
	// Timed is that of the rule.
	Timed bool `json:"-"`
	// Suppressed is the reason given by the directive that accepts the finding.
	Suppressed string `json:"suppressed,omitempty"`
}

// OnlyMoves reports whether the fix is the finding's statement, unchanged, in a file of
// its own.
func (f Finding) OnlyMoves(sql string) bool {
	return len(f.Fix) == 1 && f.Fix[0].Apart && !f.Fix[0].Alone && parse(f.Fix[0].SQL).sql == parse(sql).sql
}

// FailsOnRows reports whether the finding says that the statement may fail because of
// rows.
func (f Finding) FailsOnRows() bool { return f.Precheck != "" || f.Code == cm183.Code }
