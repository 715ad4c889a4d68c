package report

import "slices"

// anchor is the height at which a line meets a box or a lane.
func (l *layout) anchor(n *node, row int) float64 {
	if n.box < 0 {
		return n.y + n.h/2
	}
	y := n.y + headHeight
	if row < 0 {
		return n.y + headHeight/2
	}
	for _, r := range l.d.Boxes[n.box].Rows[:row] {
		y += r.height()
	}
	return y + rowHeight/2
}

// height is the height of a row, which has two lines if it shows what was before.
func (r row) height() float64 {
	if r.Was != (form{}) {
		return 2 * rowHeight
	}
	return rowHeight
}

// route places columns, with a track for each left end in the gutter before them, and
// draws the lines.
func (l *layout) route(chains [][]*node) {
	tracks := l.tracks(chains)
	x := gutterWidth / 2
	starts := make([]float64, len(l.columns)+1) // of the gutter behind a column
	for c, column := range l.columns {
		widest := 0.0
		for _, n := range column {
			n.x = x
			widest = max(widest, n.w)
		}
		for _, n := range column {
			if n.box < 0 {
				n.w = widest
			}
		}
		x += widest
		starts[c] = x
		x += gutterWidth + float64(len(tracks[c]))*trackWidth
	}
	l.width = x - gutterWidth/2
	for i, e := range l.d.Edges {
		l.lines = append(l.lines, l.line(e, chains[i], tracks, starts))
	}
}

// tracks are the left ends whose lines run vertically in each gutter.
func (l *layout) tracks(chains [][]*node) [][]lineEnd {
	tracks := make([][]lineEnd, len(l.columns))
	for i, chain := range chains {
		_, _, end := l.ends(l.d.Edges[i])
		for _, n := range chain[1:] {
			if !slices.Contains(tracks[n.column], end) {
				tracks[n.column] = append(tracks[n.column], end)
			}
		}
	}
	for c := range tracks {
		slices.SortStableFunc(tracks[c], func(a, b lineEnd) int { return int(l.heightOf(b) - l.heightOf(a)) })
	}
	return tracks
}

func (l *layout) heightOf(e lineEnd) float64 { return l.anchor(l.place[e.box], e.row) }

func (l *layout) line(e edge, chain []*node, tracks [][]lineEnd, starts []float64) polyline {
	if e.From == e.To {
		return l.loop(e)
	}
	left, right, end := l.ends(e)
	p := polyline{edge: e, flipped: left == l.place[e.From]}
	rightRow, leftRow := e.FromRow, e.ToRow
	if p.flipped {
		rightRow, leftRow = leftRow, rightRow
	}
	y := l.anchor(right, rightRow)
	p.points = append(p.points, point{right.x, y})
	for _, n := range chain[1:] {
		track := slices.Index(tracks[n.column], end)
		x := starts[n.column] + gutterWidth/2 + (float64(track)+0.5)*trackWidth
		to := l.anchor(n, leftRow)
		p.points = append(p.points, point{x, y}, point{x, to})
		y = to
		if n.box < 0 {
			p.points = append(p.points, point{n.x, y})
		}
	}
	p.points = append(p.points, point{left.x + left.w, y})
	return p
}

// loop is the line of a table that references itself.
func (l *layout) loop(e edge) polyline {
	n := l.place[e.From]
	from, to := l.anchor(n, e.FromRow), l.anchor(n, e.ToRow)
	if e.FromRow == e.ToRow {
		to = n.y + headHeight/2
	}
	edge := n.x + n.w
	return polyline{edge: e, points: []point{{edge, from}, {edge + 18, from}, {edge + 18, to}, {edge, to}}}
}
