package main

import (
	"math"

	"commitment/bench/internal/markdown"
)

// aim is a goal for the service.
type aim struct {
	what    string
	limit   float64
	atLeast bool // the limit is a minimum, not a maximum
	value   func(*results) float64
}

const (
	ours     = "ours"
	together = "together"
	read     = "read"
	transfer = "transfer"
)

// reached reports whether v meets the goal.
func (a aim) reached(v float64) bool {
	if a.atLeast {
		return v >= a.limit
	}
	return v <= a.limit
}

// writeAims compares the service with its goals.
func (r *results) writeAims(p *markdown.Printer) {
	if len(r.aims) == 0 || r.cells[cell{r.works[0].name, 0, r.suite.peers[0].name}] == nil {
		return
	}
	p.Line("\n## Aims, as ratios to %s\n\n| | aim | measured | |\n|---|--:|--:|---|", r.peerTitle(r.reference))
	for _, a := range r.aims {
		sign, verdict := "at most", "missed"
		if a.atLeast {
			sign = "at least"
		}
		v := a.value(r)
		switch {
		case math.IsNaN(v):
			verdict = "not measured"
		case a.reached(v):
			verdict = "reached"
		}
		p.Line("| %s | %s %.2f | %s | %s |", a.what, sign, a.limit, formatRatio(v, "%.3f"), verdict)
	}
}
