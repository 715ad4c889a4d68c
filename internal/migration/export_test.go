package migration

// What the tests vary and callers can't: the tables, and the clock.
var (
	DiffTables  = diff
	CheckTables = check
	NextVersion = nextVersion
)
