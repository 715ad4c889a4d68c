//go:build !linux

package main

import "time"

// alarm wakes a goroutine at a time, as precisely as Go's timers do.
type alarm struct{}

func (alarm) wait(until time.Time) { time.Sleep(time.Until(until)) }

func (alarm) close() {}
