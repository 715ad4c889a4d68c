package app

import (
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// gcPercent is the garbage collector's GOGC. A request leaves garbage and keeps next to
	// nothing: at Go's default of 100 the few MB that live are collected hundreds of times a
	// second under load. 400 costs four times what lives, in memory.
	gcPercent = 400
	// memoryShare is the share of the memory's limit that the heap may take before it is
	// collected more often. The rest is for what isn't the heap's.
	memoryShare = 0.9
)

// TuneMemory sets how often the garbage collector runs, unless GOGC and GOMEMLIMIT do: by
// gcPercent, and as often as it takes to stay within the memory of the container or the
// machine.
func TuneMemory(log *slog.Logger) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	limit := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)
	if _, err := memlimit.Set(memlimit.WithRatio(memoryShare), memlimit.WithProvider(limit)); err != nil {
		log.Warn("the memory's limit is unknown: GOMEMLIMIT sets it", "error", err)
	}
}
