package report

import (
	"slices"
	"strings"

	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/trace"
)

// timeline shows which relations are blocked during each statement of a file.
type timeline struct {
	Lanes []lane
	Rows  []moment
	// Commit says that the locks are held until a commit after the last statement.
	Commit bool
	// Total is how long anything is blocked.
	Total string
}

// lane is what happens to a relation.
type lane struct {
	Relation string
	Total    string // whom the file blocks, and for how long
	Cells    []cell // by statement
}

// moment is one statement of a timeline, with its cell of each lane.
type moment struct {
	Line  int
	Short string
	Cells []cell
}

// cell is what is blocked of a relation during a statement: nothing (empty), "writes" or
// "reads, writes".
type cell struct {
	Blocks string
	Held   bool // by a lock that an earlier statement took
}

// String is the cell in words.
func (c cell) String() string {
	switch {
	case c.Blocks == "":
		return "free"
	case c.Held:
		return c.Blocks + " still blocked"
	default:
		return c.Blocks + " blocked"
	}
}

const readsAndWrites = "reads, writes"

func timelineOf(f review.File) timeline {
	t := timeline{Commit: f.Transaction, Total: line(f.Blocking.String())}
	for i, s := range f.Statements {
		own := ownLocks(s)
		for _, l := range noticeable(s.Before, slices.Concat(s.Held, s.Locks)) {
			if l.BlocksWrites() {
				lane := t.lane(relation(l), len(f.Statements))
				lane.Cells[i] = cell{whom(l), !slices.Contains(own, l)}
			}
		}
	}
	for i := range t.Lanes {
		t.Lanes[i].Total = totalOf(t.Lanes[i], f.Blocking)
	}
	for i, s := range f.Statements {
		row := moment{Line: s.Line, Short: clip(line(s.SQL), 60)}
		for _, l := range t.Lanes {
			row.Cells = append(row.Cells, l.Cells[i])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// lane is that of a relation, which is added if there is none.
func (t *timeline) lane(relation string, statements int) *lane {
	i := slices.IndexFunc(t.Lanes, func(l lane) bool { return l.Relation == relation })
	if i < 0 {
		i = len(t.Lanes)
		t.Lanes = append(t.Lanes, lane{Relation: relation, Cells: make([]cell, statements)})
	}
	return &t.Lanes[i]
}

func totalOf(l lane, b review.Blocking) string {
	whom := "writes"
	if slices.ContainsFunc(l.Cells, func(c cell) bool { return c.Blocks == readsAndWrites }) {
		whom = "reads and writes"
	}
	i := slices.IndexFunc(b.Tables, func(t review.BlockedTable) bool { return line(t.Table) == l.Relation })
	if i < 0 {
		return whom
	}
	return whom + " " + line(b.Tables[i].String())
}

// The signs of [lane.Bar], one a statement.
const (
	signReads  = "█" // reads and writes are blocked
	signWrites = "▒"
	signFree   = "·"

	legend = "per statement " + signReads + " reads and writes, " + signWrites + " writes, " + signFree + " nothing"
)

// Bar draws the lane in at most that many signs. If there are more statements, a sign
// stands for the worst of several.
func (l lane) Bar(width int) string {
	var b strings.Builder
	per := (len(l.Cells) + width - 1) / max(1, width)
	for cells := range slices.Chunk(l.Cells, max(1, per)) {
		sign := signFree
		for _, c := range cells {
			switch {
			case c.Blocks == readsAndWrites:
				sign = signReads
			case c.Blocks != "" && sign == signFree:
				sign = signWrites
			}
		}
		b.WriteString(sign)
	}
	return b.String()
}

// Blocks says whom the file blocks, and for how long.
func (t timeline) Blocks() string {
	if len(t.Lanes) == 0 {
		return "nobody"
	}
	names := make([]string, 0, len(t.Lanes))
	for _, l := range t.Lanes {
		names = append(names, clip(l.Relation, 40))
	}
	return few(names) + " " + t.Total
}

func whom(l trace.Lock) string {
	if l.BlocksReads() {
		return readsAndWrites
	}
	return "writes"
}
