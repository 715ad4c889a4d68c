// Package revert finds how to revert a migration: the statements that restore the
// schema before it, and what can't be restored. It compares the two
// states by PostgreSQL's catalogs, tries what it finds on a throwaway server, and
// for [Down] goes that way on a database that counts.
package revert

// Grade says what a way back gives back.
type Grade string

// The grades.
const (
	Lossless   Grade = "lossless"   // schema and rows are as before
	Lossy      Grade = "lossy"      // the schema is, and rows are lost that came in meanwhile or were removed
	Impossible Grade = "impossible" // the file changed what no statement brings back
)

// Plan is the way back from one file.
type Plan struct {
	Grade      Grade    `json:"grade"`
	Statements []string `json:"statements,omitempty"`
	// Outside is how many of the statements, the first ones, run outside a
	// transaction and can be run again after a failure. The others belong into
	// one.
	Outside int `json:"outside,omitempty"`
	// Lost says what is lost or can't be undone, one sentence each.
	Lost []string `json:"lost,omitempty"`
	// Replayed says that up, down and up again were run on the throwaway
	// server, and the schemas were equal.
	Replayed bool `json:"replayed"`
}
