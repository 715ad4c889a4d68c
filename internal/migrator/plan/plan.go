// Package plan computes migrations: what the entities declare and the files don't make,
// as SQL that is safe to run on a busy database, in as many files as that needs. Both
// sides are created in throwaway databases and compared by PostgreSQL's own catalogs;
// Ent and Atlas write the tables' SQL. It never touches a database that is kept.
package plan

// Step is one statement of a plan, or a few that belong together.
type Step struct {
	// SQL is empty if the statement is to be written by hand: then the file has the
	// comment alone.
	SQL string `json:"sql"`
	// Comment is written above the statement and says why it is there. It ends without
	// a period, as Atlas's do.
	Comment string `json:"comment,omitempty"`
	// Alone marks a statement that can't run in a transaction: it gets a file of its
	// own with "-- atlas:txmode none".
	Alone bool `json:"alone,omitempty"`
	// Apart marks a statement that begins a new file, because it must not share a
	// transaction with the statements before it.
	Apart bool `json:"apart,omitempty"`
	// Loses lists the data that the statement destroys, such as `table "notes" and its
	// rows`, one per line. Such statements share no file with others, and the head of
	// their file has the list.
	Loses string `json:"loses,omitempty"`
	// Contract marks a statement for when no old code is left: its file contracts; see
	// [migration.PhaseOf].
	Contract bool `json:"contract,omitempty"`
}
