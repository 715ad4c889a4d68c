package app

import (
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"testing"
)

func TestTuneMemory(t *testing.T) {
	for name, tt := range map[string]struct {
		gogc, limit string
		wantPercent int
		wantLimit   func(int64) bool
	}{
		"within the machine's memory": {"", "", gcPercent, func(n int64) bool { return n > 0 && n < math.MaxInt64 }},
		"GOGC is kept":                {"50", "", 70, func(n int64) bool { return n > 0 && n < math.MaxInt64 }},
		"GOMEMLIMIT is kept":          {"", "1GiB", gcPercent, func(n int64) bool { return n == math.MaxInt64 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOGC", tt.gogc)
			t.Setenv("GOMEMLIMIT", tt.limit)
			if tt.limit == "" {
				_ = os.Unsetenv("GOMEMLIMIT")
			}
			percent, limit := debug.SetGCPercent(70), debug.SetMemoryLimit(math.MaxInt64)
			defer func() { debug.SetMemoryLimit(limit) }()
			defer func() { debug.SetGCPercent(percent) }()
			TuneMemory(slog.New(slog.DiscardHandler))
			if got := debug.SetGCPercent(70); got != tt.wantPercent {
				t.Errorf("GC percent = %d, want %d", got, tt.wantPercent)
			}
			if got := debug.SetMemoryLimit(-1); !tt.wantLimit(got) {
				t.Errorf("memory limit = %d", got)
			}
		})
	}
}
