package report

import (
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review"
)

// The limits of a diagram that a person can still read.
const (
	maxBoxes = 60
	maxRows  = 30
)

// mark is the sign for what happened to something.
type mark string

const (
	same    mark = ""
	added   mark = "+"
	removed mark = "−"
	changed mark = "~"
)

func markOf(c catalog.Change) mark {
	switch {
	case c.Before == "":
		return added
	case c.After == "":
		return removed
	default:
		return changed
	}
}

// Word is the mark in a word, which is also the name of its style.
func (m mark) Word() string {
	switch m {
	case added:
		return "added"
	case removed:
		return "removed"
	case changed:
		return "changed"
	default:
		return "unchanged"
	}
}

// diagram shows the tables that change and their neighbors, which a foreign key joins
// to them.
type diagram struct {
	Boxes []box
	Edges []edge
	// Left is how many tables aren't drawn for lack of room.
	Left int
}

// box is a table. Its texts are clean.
type box struct {
	Name string
	Mark mark
	Rows []row
	More int // columns that aren't shown
}

// row is a column, or another part of a table that changes.
type row struct {
	Mark   mark
	Key    string // PK, FK, UK or empty
	Name   string
	Is     form
	Was    form // before the change, of a column that changed
	Column bool
}

// form is a column's type, and what else of it changes.
type form struct{ Type, More string }

// String is empty for no form.
func (f form) String() string { return strings.TrimSpace(f.Type + " " + f.More) }

// edge is a foreign key, from the row of its first column to that of the column that it
// references. Row -1 is the box itself.
type edge struct {
	From, To       int // boxes
	FromRow, ToRow int
	Name           string
	Mark           mark
}

func diagramOf(r review.Report) diagram {
	d := diagramSource{before: tables(r.Before), after: tables(r.After), changes: map[string][]catalog.Change{}}
	for _, c := range r.Changes {
		if name := tableOf(c); name != "" && (d.before[name] != nil || d.after[name] != nil) {
			d.changes[name] = append(d.changes[name], c)
		}
	}
	names := d.names()
	left := max(0, len(names)-maxBoxes)
	names = names[:len(names)-left]
	drawn := diagram{Left: left}
	keys := d.keys(names)
	for _, name := range names {
		drawn.Boxes = append(drawn.Boxes, d.box(name, keys))
	}
	for _, k := range keys {
		drawn.Edges = append(drawn.Edges, drawn.edge(k, names))
	}
	return drawn
}

// edge finds the ends of a foreign key in the boxes.
func (d diagram) edge(k key, names []string) edge {
	e := edge{From: slices.Index(names, k.table), To: slices.Index(names, k.References), Name: line(k.Name), Mark: k.mark}
	e.FromRow, e.ToRow = d.Boxes[e.From].rowOf(k.Columns), d.Boxes[e.To].rowOf(k.RefColumns)
	return e
}

// rowOf is the row of the first of some columns.
func (b box) rowOf(columns []string) int {
	if len(columns) == 0 {
		return -1
	}
	name := line(columns[0])
	return slices.IndexFunc(b.Rows, func(r row) bool { return r.Column && r.Name == name })
}

// shorter are the everyday names of types whose standard ones are long.
var shorter = strings.NewReplacer(
	"character varying", "varchar",
	"timestamp with time zone", "timestamptz",
	"timestamp without time zone", "timestamp",
	"double precision", "float8",
)
