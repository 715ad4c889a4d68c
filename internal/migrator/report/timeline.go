package report

import (
	"slices"

	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/trace"
)

// timeline shows which relations are blocked during each statement of a file.
type timeline struct {
	Relations []string
	Rows      []moment
	// Commit says that the locks are held until a commit after the last statement.
	Commit bool
}

// moment is one statement of a timeline. Cells has what is blocked meanwhile of each
// relation: nothing (empty), "writes", or "reads, writes".
type moment struct {
	Line  int
	Short string
	Cells []string
}

func timelineOf(f review.File) timeline {
	t := timeline{Commit: f.Transaction}
	blockedAt := make([]map[string]string, len(f.Statements))
	for i, s := range f.Statements {
		blockedAt[i] = map[string]string{}
		for _, l := range noticeable(s.Before, slices.Concat(s.Held, s.Locks)) {
			if !l.BlocksWrites() {
				continue
			}
			name := relation(l)
			if !slices.Contains(t.Relations, name) {
				t.Relations = append(t.Relations, name)
			}
			blockedAt[i][name] = whom(l)
		}
	}
	for i, s := range f.Statements {
		row := moment{Line: s.Line, Short: clip(line(s.SQL), 60)}
		for _, name := range t.Relations {
			row.Cells = append(row.Cells, blockedAt[i][name])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func whom(l trace.Lock) string {
	if l.BlocksReads() {
		return "reads, writes"
	}
	return "writes"
}
