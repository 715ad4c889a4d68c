package txn

import (
	"context"
	"testing"
)

// TestWithoutATracerNothingIsAllocatedForOne counts what units of work allocate: as much
// as before there were tracers.
func TestWithoutATracerNothingIsAllocatedForOne(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts what all goroutines allocate
	f := open(t, 1, Options{})
	for _, tt := range []struct {
		name string
		work func(context.Context) error
		most float64
	}{
		{"that runs nothing", func(context.Context) error { return nil }, 1},
		{"that runs a statement", func(ctx context.Context) error {
			_, err := value(ctx, "SELECT 'a'")
			return err
		}, 43}, // it is 41, but the race detector empties pools
	} {
		got := testing.AllocsPerRun(100, func() {
			if err := f.Run(t.Context(), ReadWrite, tt.work); err != nil {
				t.Error(err)
			}
		})
		if got > tt.most {
			t.Errorf("allocations of a unit of work %s = %v, want %v at most", tt.name, got, tt.most)
		}
	}
}
