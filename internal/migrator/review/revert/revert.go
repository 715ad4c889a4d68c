// Package revert finds how to revert a migration: the statements that restore the
// schema before it, and what can't be restored. It compares the two states by
// PostgreSQL's catalogs and tries the statements on a throwaway server. [Down] runs
// them on a real database.
package revert

import (
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
)

// Grade is how much of a file a revert restores.
type Grade string

// The grades.
const (
	Lossless Grade = "lossless" // schema and rows are as before
	Lossy    Grade = "lossy"    // the schema is, and rows are lost that came in meanwhile or were removed
	// Manual: no rule finds the statements. Written by hand they are tried and run like
	// the others.
	Manual     Grade = "manual"
	Impossible Grade = "impossible" // the file changed rows, and no statement knows what they held
)

// Plan has the statements that revert one file.
type Plan struct {
	Grade      Grade    `json:"grade"`
	Statements []string `json:"statements,omitempty"`
	// Outside is how many of the statements, from the first, run outside of a
	// transaction and can be repeated after a failure. The others run in one.
	Outside int `json:"outside,omitempty"`
	// Undo has, for each statement outside of a transaction, the one that undoes it if a
	// later one fails; empty where nothing is to be undone.
	Undo []string `json:"undo,omitempty"`
	// Lost says what is lost or can't be undone, one sentence each.
	Lost []string `json:"lost,omitempty"`
	// ByHand is the file that the statements are from, if they are written by hand.
	ByHand string `json:"by_hand,omitempty"`
	// Recreated are the objects that are dropped and created again, such as "view
	// prices".
	Recreated []string `json:"recreated,omitempty"`
	// Replayed says that apply, revert and apply were run on the throwaway server, with
	// equal schemas.
	Replayed bool `json:"replayed"`
	// OnRows says that the file and the statements were run on rows, too, and that these
	// are afterwards as they were, unless Lost says otherwise. Statements that only drop
	// what the file added aren't.
	OnRows bool `json:"on_rows"`
	// Findings are about the statements: what they block, rewrite or scan, and the rows
	// on which they fail. A finding's Statement counts the statements from 1.
	Findings []hazard.Finding `json:"findings,omitempty"`
	// Traced are the statements with what they did on the sample, if there are findings.
	Traced []trace.Statement `json:"-"`
}
