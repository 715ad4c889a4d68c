//go:build !linux

package process

import (
	"os"
	"os/exec"
	"time"
)

// EndWithParent does nothing.
func EndWithParent(*exec.Cmd) {}

// CPUTime is unknown.
func CPUTime(int) time.Duration { return 0 }

// PeakMemory is unknown.
func PeakMemory(int) (int64, error) { return 0, nil }

// SetSendBuffer does nothing.
func SetSendBuffer(*os.File, int) error { return nil }
