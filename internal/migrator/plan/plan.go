// Package plan computes migrations: what the entities declare and the files
// don't make, as SQL that is safe to run on a busy database, split into as many
// files as that needs. Both sides are made in throwaway databases and compared by
// PostgreSQL's own catalogs; Ent and Atlas say how a table is written. It knows
// no database that anybody keeps.
package plan

// Step is one statement of a plan, or a few that belong together.
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
	// Loses is what the statement destroys, as in `table "notes" and its rows`, each
	// thing on a line. Such statements share no file with others, and the head of
	// theirs lists it.
	Loses string `json:"loses,omitempty"`
}
