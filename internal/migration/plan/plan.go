// Package plan computes migrations: what the entities declare and the files
// don't make, as SQL that is safe to run on a busy database, split into as many
// files as that needs.
package plan

// Step is one statement of a plan.
type Step struct {
	SQL string `json:"sql"`
	// Comment says why, above the statement. It ends without a period, as
	// Atlas's do.
	Comment string `json:"comment,omitempty"`
	// Alone says that the statement can't run in a transaction: it gets a file
	// of its own with "-- atlas:txmode none".
	Alone bool `json:"alone,omitempty"`
	// Apart says that the statement must not share a transaction with what
	// stands before it: it begins a new file.
	Apart bool `json:"apart,omitempty"`
}
