package main

import (
	"slices"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	upTo := func(n int) (sorted []time.Duration) {
		for i := range n {
			sorted = append(sorted, time.Duration(i+1))
		}
		return sorted
	}
	tests := []struct {
		name   string
		sorted []time.Duration
		q      float64
		want   time.Duration
	}{
		{"of none", nil, 0.5, 0},
		{"the only one", upTo(1), 0.99, 1},
		{"the least", upTo(10), 0, 1},
		{"the middle of an odd number", upTo(5), 0.5, 3},
		{"the lower middle of an even number", upTo(4), 0.5, 2},
		{"one in a hundred is longer", upTo(100), 0.99, 99},
		{"few have no hundredth", upTo(50), 0.99, 50},
		{"the longest", upTo(7), 1, 7},
	}
	for _, tt := range tests {
		if got := percentile(tt.sorted, tt.q); got != tt.want {
			t.Errorf("%s: percentile = %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	tests := []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{1, 1, 1, 100}, 1},
	}
	for _, tt := range tests {
		if got := median(slices.Clone(tt.values)); got != tt.want {
			t.Errorf("median(%v) = %v, want %v", tt.values, got, tt.want)
		}
	}
	if got := median([]int{2, 7, 3}); got != 3 {
		t.Errorf("median of whole numbers = %d, want 3", got)
	}
}
