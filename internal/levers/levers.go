// Package levers says which of the means that make units of work cheaper are in use. None
// changes what the work does, so all of them are, but for tests: they are also run without
// each of them, by `make test-levers`.
package levers

import "strings"

// without names the levers that aren't in use, separated by commas. The linker sets it:
// go test -ldflags '-X commitment/internal/levers.without=graph'.
var without string

var (
	// LeanGraph is that package sqlgraph writes ordinary statements by itself.
	LeanGraph = isUsed("graph")
	// DirectStatements is that Ent's statements run on pgx, below database/sql.
	DirectStatements = isUsed("direct")
	// ParkedCommits is that the COMMIT of a reader is sent in front of the next BEGIN.
	ParkedCommits = isUsed("park")
	// WaitingWrites is that writes may wait for COMMIT.
	WaitingWrites = isUsed("wait")
)

func isUsed(lever string) bool {
	for name := range strings.SplitSeq(without, ",") {
		if name == lever {
			return false
		}
	}
	return true
}
