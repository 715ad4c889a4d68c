package pgproxy

import (
	"runtime"
	"time"
)

const (
	// coarse is how late Go's timers may be.
	coarse = 5 * time.Millisecond
	// maxLate limits how early a nap ends, and so how long a goroutine yields instead
	// of sleeping.
	maxLate = 100 * time.Microsecond
)

// alarm wakes one goroutine at a time: never early, and late by microseconds if the
// operating system permits.
type alarm struct {
	napper napper
	late   time.Duration // moving average of how late naps end
}

// wait returns at the given time, or with errEnded once done is closed, which it may
// notice up to twice coarse late.
func (a *alarm) wait(until time.Time, done <-chan struct{}) error {
	if left := time.Until(until); left > 2*coarse {
		select {
		case <-done:
			return errEnded
		case <-time.After(left - coarse):
		}
	}
	if end := until.Add(-a.late); time.Until(end) > 0 {
		if err := a.napper.nap(time.Until(end)); err != nil {
			return err
		}
		a.learn(time.Since(end))
	}
	for time.Until(until) > 0 {
		runtime.Gosched()
	}
	return nil
}

// learn updates the moving average of how late naps end.
func (a *alarm) learn(late time.Duration) {
	a.late = min(max(a.late+(late-a.late)/8, 0), maxLate)
}

func (a *alarm) close() { a.napper.close() }
