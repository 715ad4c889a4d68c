package main

import (
	"time"

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
	read     = "read"
	transfer = "transfer"
)

var aims = []aim{
	{"read, 0 ms: throughput", 0.95, true, func(r *results) float64 { return r.throughputRatio(read, 0, ours) }},
	{"transfer, 0 ms: throughput", 0.95, true, func(r *results) float64 { return r.throughputRatio(transfer, 0, ours) }},
	{"read, 1 ms: p50", 0.45, false, func(r *results) float64 { return r.latencyRatio(read, time.Millisecond, ours, 0.5) }},
	{"read, 5 ms: p50", 0.37, false, func(r *results) float64 { return r.latencyRatio(read, 5*time.Millisecond, ours, 0.5) }},
	{"transfer, 1 ms: p50", 0.85, false, func(r *results) float64 { return r.latencyRatio(transfer, time.Millisecond, ours, 0.5) }},
}

// reached reports whether v meets the goal.
func (a aim) reached(v float64) bool {
	if a.atLeast {
		return v >= a.limit
	}
	return v <= a.limit
}

// writeAims compares the service with its goals.
func (r *results) writeAims(p *markdown.Printer) {
	if r.cells[cell{read, 0, ours}] == nil {
		return
	}
	p.Line("\n## Aims, as ratios to pgxpool by hand\n\n| | aim | measured | |\n|---|--:|--:|---|")
	for _, a := range aims {
		sign, verdict := "at most", "missed"
		if a.atLeast {
			sign = "at least"
		}
		v := a.value(r)
		if a.reached(v) {
			verdict = "reached"
		}
		p.Line("| %s | %s %.2f | %.3f | %s |", a.what, sign, a.limit, v, verdict)
	}
}
