package pgproxy

import (
	"runtime"
	"time"
)

const (
	// coarse is how near to the time Go's timers are trusted to come.
	coarse = 5 * time.Millisecond
	// maxLate bounds how early a nap is ended, and so the time for which a
	// goroutine yields instead of sleeping.
	maxLate = 100 * time.Microsecond
)

// alarm wakes one goroutine at a time, never early, and late by microseconds
// where the operating system can.
type alarm struct {
	napper napper
	late   time.Duration // how late naps have ended lately
}

// wait returns at the time, or with errEnded once done is closed, which it may
// notice late by twice coarse.
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

// learn keeps a moving average of how late naps end.
func (a *alarm) learn(late time.Duration) {
	a.late = min(max(a.late+(late-a.late)/8, 0), maxLate)
}

func (a *alarm) close() { a.napper.close() }
