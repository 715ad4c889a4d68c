// Package hazard knows what can go wrong with a change of a schema in
// production: which locks stop whom, what is rewritten or scanned meanwhile, what
// is lost, and how the same is had safely. It judges what package trace measured.
package hazard

import "commitment/internal/migrator/plan"

// Severity says what a finding asks for.
type Severity string

// The severities, the worst first. An error fails a review.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Evidence says where a finding comes from.
type Evidence string

// Measured findings were read from the server that ran the statement; inferred
// ones follow from the text or the schema.
const (
	Measured Evidence = "measured"
	Inferred Evidence = "inferred"
)

// Finding is one thing that a reviewer should know.
type Finding struct {
	// Code is Atlas's where it has one, else one of ours, which begin with CM.
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Evidence Evidence `json:"evidence"`
	// Title says what happens, in the words of the case: "products can't be
	// written while the index products_name is built".
	Title string `json:"title"`
	// Reason is why that matters, in two sentences at most.
	Reason string `json:"reason"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"` // counted from 1; 0 when it is the whole file
	// Statement is the statement's place in the file, counted from 1; 0 when it is
	// the whole file. A line can have several.
	Statement int    `json:"-"`
	Table     string `json:"table,omitempty"`
	// Lock is the lock in question, as in "SHARE on products".
	Lock string `json:"lock,omitempty"`
	// Estimate is how long and how much, when statistics of production are
	// given: "about 4 min, 38 GB".
	Estimate string `json:"estimate,omitempty"`
	// Advice is the safe way in a sentence, and Fix the same as statements that
	// take the place of the one at Line; empty where it can't be done by rule.
	Advice string      `json:"advice,omitempty"`
	Fix    []plan.Step `json:"fix,omitempty"`
	// Docs is the page about the code, seen from the project's root.
	Docs string `json:"docs,omitempty"`
	// Timed is the rule's.
	Timed bool `json:"-"`
	// Suppressed is the reason that a directive gives for accepting it.
	Suppressed string `json:"suppressed,omitempty"`
}
