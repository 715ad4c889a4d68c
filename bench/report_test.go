package main

import (
	"strings"
	"testing"
	"time"

	"commitment/bench/internal/markdown"
)

// measuredAt returns a cell's result.
func measuredAt(rates []float64, took ...time.Duration) *cellResult {
	return &cellResult{rates: rates, took: took}
}

// A ratio of two medians would mix the disturbances of different rounds.
func TestRatiosAreTakenWithinARound(t *testing.T) {
	t.Parallel()
	r := &results{suite: &transactions, cells: map[cell]*cellResult{
		{read, 0, ours}:  measuredAt([]float64{90, 10, 300}),
		{read, 0, "pgx"}: measuredAt([]float64{100, 20, 200}),
	}}
	if got := r.throughputRatio(read, 0, ours); got != 0.9 { // of 0.9, 0.5 and 1.5
		t.Errorf("ratio = %v, want 0.9", got)
	}
	if got := r.throughputRatio(read, 0, "pgx"); got != 1 {
		t.Errorf("the reference's ratio to itself = %v, want 1", got)
	}
	if got := r.cells[cell{read, 0, ours}].rates[0]; got != 90 {
		t.Errorf("first round = %v, want it in its place: 90", got)
	}
}

func TestSlowerComparesPercentiles(t *testing.T) {
	t.Parallel()
	r := &results{suite: &transactions, cells: map[cell]*cellResult{
		{read, time.Millisecond, ours}:  measuredAt(nil, 1, 2, 3, 40),
		{read, time.Millisecond, "pgx"}: measuredAt(nil, 2, 4, 6, 10),
	}}
	if got := r.latencyRatio(read, time.Millisecond, ours, 0.5); got != 0.5 {
		t.Errorf("p50's ratio = %v, want 0.5", got)
	}
	if got := r.latencyRatio(read, time.Millisecond, ours, 0.99); got != 4 {
		t.Errorf("p99's ratio = %v, want 4", got)
	}
}

func TestAnAimIsReachedOrMissed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		least bool
		value float64
		want  bool
	}{
		{"at least, above", true, 0.96, true},
		{"at least, at the limit", true, 0.95, true},
		{"at least, below", true, 0.949, false},
		{"at most, below", false, 0.94, true},
		{"at most, at the limit", false, 0.95, true},
		{"at most, above", false, 0.951, false},
	}
	for _, tt := range tests {
		if got := (aim{limit: 0.95, atLeast: tt.least}).reached(tt.value); got != tt.want {
			t.Errorf("%s: reached(%v) = %v, want %v", tt.name, tt.value, got, tt.want)
		}
	}
}

func TestTheAimsAreReadFromTheirCells(t *testing.T) {
	t.Parallel()
	r := &results{suite: &transactions, cells: map[cell]*cellResult{}, allocs: map[cell]allocations{}}
	for _, work := range transactions.works {
		for _, delay := range transactions.delays {
			r.cells[cell{work.name, delay, ours}] = measuredAt([]float64{50}, delay/2)
			r.cells[cell{work.name, delay, together}] = measuredAt([]float64{150}, delay/4)
			r.cells[cell{work.name, delay, "pgx"}] = measuredAt([]float64{100}, delay)
		}
	}
	r.cells[cell{read, 0, ours}].cpu, r.cells[cell{read, 0, "pgx"}].cpu = []float64{60}, []float64{80}
	r.allocs[cell{work: read, peer: ours}], r.allocs[cell{work: read, peer: "pgx"}] = allocations{objects: 90}, allocations{objects: 60}
	var out strings.Builder
	r.writeAims(markdown.New(&out))
	for _, want := range []string{
		"| read, 0 ms: throughput | at least 1.20 | 0.500 | missed |",
		"| read, 0 ms: CPU of the service | at most 0.80 | 0.750 | reached |",
		"| read: allocations | at most 1.00 | 1.500 | missed |",
		"| read, 1 ms: p50 | at most 0.40 | 0.500 | missed |",
		"| transfer, 1 ms: p50 | at most 0.85 | 0.500 | reached |",
		"| transfer together, 1 ms: p50 | at most 0.55 | 0.250 | reached |",
	} {
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("aims have no line %q:\n%s", want, out.String())
		}
	}
}
