//go:build !linux

package main

import (
	"os"
	"os/exec"
	"time"
)

func endWithParent(*exec.Cmd) {}

// cpuTime is unknown.
func cpuTime(int) time.Duration { return 0 }

// peakMemory is unknown.
func peakMemory(int) (int64, error) { return 0, nil }

// setSendBuffer does nothing.
func setSendBuffer(*os.File, int) error { return nil }
