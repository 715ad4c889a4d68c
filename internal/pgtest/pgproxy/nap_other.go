//go:build !linux

package pgproxy

import "time"

// napper sleeps on Go's timers.
type napper struct{}

func (napper) nap(d time.Duration) error {
	<-time.After(d)
	return nil
}

func (napper) close() {}
