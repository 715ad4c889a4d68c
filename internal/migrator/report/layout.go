package report

import (
	"cmp"
	"slices"
)

// The measures of a drawing, in pixels.
const (
	charWidth   = 7.25 // of the fixed font at 12 pixels
	rowHeight   = 20.0
	headHeight  = 28.0
	padding     = 10.0
	between     = 26.0 // two boxes of a column
	laneHeight  = 14.0 // a line that passes a column
	trackWidth  = 9.0  // between lines side by side
	gutterWidth = 44.0 // between columns, without the lines
	tallColumn  = 760.0
)

// layout places the parts of a diagram: boxes in columns, referenced tables to the left
// of those that reference them, and lines only between boxes. A line that passes a
// column has a lane of its own there, so that no line crosses a box.
type layout struct {
	d       diagram
	columns [][]*node
	place   []*node // by box
	lines   []polyline
	width   float64
	height  float64
}

// node is a box, or a lane for the lines to one end.
type node struct {
	box        int // -1 for a lane
	column     int
	x, y, w, h float64
	rank       float64 // where its neighbors pull it
	joined     []end   // its neighbors
}

// end is where a line meets a neighbor.
type end struct {
	*node
	row int
}

// lineEnd is the left end of lines. Lines with the same left end share lanes and
// tracks.
type lineEnd struct {
	box, row int
	mark     mark
}

// polyline is a drawn foreign key, from its right end to its left one.
type polyline struct {
	edge   edge
	points []point
	// flipped says that the foreign key's own table is at the left end.
	flipped bool
}

type point struct{ x, y float64 }

func layoutOf(d diagram) layout {
	l := layout{d: d, place: make([]*node, len(d.Boxes))}
	l.arrange(layers(d))
	chains := l.chains()
	l.sort()
	l.stack()
	l.route(chains)
	return l
}

// layers gives each box its distance from the boxes that reference nothing. Boxes
// without lines get the last layer.
func layers(d diagram) []int {
	next := make([][]int, len(d.Boxes))
	joined := make([]bool, len(d.Boxes))
	for _, e := range d.Edges {
		if e.From != e.To {
			next[e.From] = append(next[e.From], e.To)
			joined[e.From], joined[e.To] = true, true
		}
	}
	depth := make([]int, len(d.Boxes)) // 0 not seen, -1 on the way, else layer + 1
	var visit func(int) int
	visit = func(i int) int {
		if depth[i] != 0 {
			return depth[i]
		}
		depth[i] = -1
		deepest := 0
		for _, j := range next[i] {
			deepest = max(deepest, visit(j)) // -1 is a circle, whose line runs the other way
		}
		depth[i] = deepest + 1
		return depth[i]
	}
	last := 0
	for i := range d.Boxes {
		last = max(last, visit(i))
	}
	for i := range depth {
		depth[i]--
		if !joined[i] {
			depth[i] = last
		}
	}
	return depth
}

// arrange puts the boxes of each layer into one column, or several if there are many.
func (l *layout) arrange(layer []int) {
	order := make([]int, len(layer))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(layer[a], layer[b]) })
	tall, current := 0.0, -1
	for _, i := range order {
		n := &node{box: i}
		n.w, n.h = l.d.Boxes[i].size()
		if layer[i] != current || tall+n.h > tallColumn {
			l.columns = append(l.columns, nil)
			current, tall = layer[i], 0
		}
		tall += n.h + between
		n.column = len(l.columns) - 1
		l.columns[n.column] = append(l.columns[n.column], n)
		l.place[i] = n
	}
}

// size is the room that a box needs.
func (b box) size() (w, h float64) {
	widest := columnsOf(b.title()) + 1
	rows := len(b.Rows)
	for _, r := range b.Rows {
		widest = max(widest, columnsOf(r.text()))
		if r.Was != (form{}) {
			rows++
			widest = max(widest, columnsOf(r.was()))
		}
	}
	if b.More > 0 {
		rows++
		widest = max(widest, len("… 99 more columns"))
	}
	return float64(widest)*charWidth + 2*padding, headHeight + float64(rows)*rowHeight + padding/2
}

// chains routes every foreign key from its right box through lanes to its left box.
func (l *layout) chains() [][]*node {
	type lane struct {
		end    lineEnd
		column int
	}
	lanes := map[lane]*node{}
	chains := make([][]*node, len(l.d.Edges))
	for i, e := range l.d.Edges {
		left, right, end := l.ends(e)
		rows := map[*node]int{l.place[e.From]: e.FromRow, l.place[e.To]: e.ToRow}
		chains[i] = []*node{right}
		for c := right.column - 1; c > left.column; c-- {
			n, ok := lanes[lane{end, c}]
			if !ok {
				n = &node{box: -1, column: c, h: laneHeight}
				lanes[lane{end, c}] = n
				l.columns[c] = append(l.columns[c], n)
			}
			chains[i] = append(chains[i], n)
		}
		chains[i] = append(chains[i], left)
		join(chains[i], rows)
	}
	return chains
}

// join links the nodes of a chain.
func join(chain []*node, rows map[*node]int) {
	for i, left := range chain[1:] {
		right := chain[i]
		left.joined = append(left.joined, end{right, rows[right]})
		right.joined = append(right.joined, end{left, rows[left]})
	}
}

// ends are the indexes of a foreign key's boxes, and its left end.
func (l *layout) ends(e edge) (left, right *node, end lineEnd) {
	left, right, end = l.place[e.To], l.place[e.From], lineEnd{e.To, e.ToRow, e.Mark}
	if left.column > right.column {
		return right, left, lineEnd{e.From, e.FromRow, e.Mark}
	}
	return left, right, end
}
