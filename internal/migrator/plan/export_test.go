package plan

// What the tests vary and callers can't: the clock, and steps.
var (
	After   = nextVersion
	Isolate = isolate
)
