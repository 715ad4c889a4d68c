package report

import (
	"cmp"
	"slices"
)

// sweeps is how often the columns are sorted; more changes little.
const sweeps = 6

// sort orders the columns so that joined boxes are at about the same height, which
// keeps lines short and apart.
func (l *layout) sort() {
	for _, column := range l.columns {
		rerank(column)
	}
	for i := range sweeps {
		for c := range l.columns {
			side := c - 1
			if i%2 == 1 {
				c = len(l.columns) - 1 - c
				side = c + 1
			}
			l.pull(l.columns[c], side)
		}
	}
}

// rerank spreads the nodes of a column evenly from 0 to 1.
func rerank(column []*node) {
	for i, n := range column {
		n.rank = (float64(i) + 0.5) / float64(len(column))
	}
}

// pull sorts a column by the mean of its neighbors on one side.
func (l *layout) pull(column []*node, side int) {
	for _, n := range column {
		sum, count := 0.0, 0.0
		for _, other := range n.joined {
			if other.column == side {
				sum, count = sum+l.rankOf(other), count+1
			}
		}
		if count > 0 {
			n.rank = sum / count
		}
	}
	slices.SortStableFunc(column, func(a, b *node) int { return cmp.Compare(a.rank, b.rank) })
	rerank(column)
}

// rankOf is the rank of a row of a box: those of one box differ by less than
// boxes do.
func (l *layout) rankOf(e end) float64 {
	if e.box < 0 {
		return e.rank
	}
	rows := float64(len(l.d.Boxes[e.box].Rows) + 2)
	return e.rank + (float64(e.row+1)/rows-0.5)/float64(len(l.columns[e.column]))
}

// stack sets every node's height: columns are centered on the tallest.
func (l *layout) stack() {
	tall := make([]float64, len(l.columns))
	for c, column := range l.columns {
		for i, n := range column {
			n.y = tall[c]
			tall[c] += n.h + between
			if n.box < 0 && i+1 < len(column) && column[i+1].box < 0 {
				tall[c] -= between - 2 // lanes run close to one another
			}
		}
		l.height = max(l.height, tall[c])
	}
	for c, column := range l.columns {
		for _, n := range column {
			n.y += (l.height-tall[c])/2 + between/2
		}
	}
}
