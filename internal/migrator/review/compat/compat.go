// Package compat checks the code of two releases against a schema: whether what Ent
// generates from the entities at the base and at the head can still read, insert,
// update and upsert.
package compat

// Order is the order in which code and migration can be deployed.
type Order string

// The orders.
const (
	Either         Order = "either"          // both releases work before and after the file
	MigrationFirst Order = "migration first" // the new release needs what the file makes
	CodeFirst      Order = "code first"      // the old release breaks on what the file makes
	TwoReleases    Order = "two releases"    // whichever comes first, something breaks meanwhile
	NewBreaks      Order = "new code breaks" // the file takes away what the new release itself needs
)

// Verdict is what one file means for the deployment.
type Verdict struct {
	Order  Order   `json:"order"`
	Breaks []Break `json:"breaks,omitempty"`
}

// Break is something that code does and a schema refuses.
type Break struct {
	// Release is the code: "old" is the base's, "new" the head's. Schema is the state
	// of the database, "before" or "after" the file.
	Release string `json:"release"`
	Schema  string `json:"schema"`
	Entity  string `json:"entity"`
	// Operation is read, insert, update, upsert or enum.
	Operation string `json:"operation"`
	SQL       string `json:"sql"`   // the statement that breaks
	Error     string `json:"error"` // what PostgreSQL says to it
}
