package main

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// alarm wakes a goroutine at a time. Go's timers come up to 1 ms late when
// nothing else runs, which is all that some delays here are; a timerfd comes
// within some 50 µs, most of which alarm has learned to set it earlier by.
type alarm struct {
	timer *os.File
	fd    int
	late  time.Duration // how late the timer has come lately
}

// maxLate bounds how long a goroutine yields instead of sleeping.
const maxLate = 100 * time.Microsecond

// wait returns at the time, never before.
func (a *alarm) wait(until time.Time) {
	if end := until.Add(-a.late); time.Until(end) > 0 {
		a.sleep(time.Until(end))
		a.late = min(max(a.late+(time.Since(end)-a.late)/8, 0), maxLate)
	}
	for time.Until(until) > 0 {
		runtime.Gosched()
	}
}

func (a *alarm) sleep(d time.Duration) {
	if a.timer == nil {
		fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
		if err != nil {
			time.Sleep(d)
			return
		}
		a.fd, a.timer = fd, os.NewFile(uintptr(fd), "timer")
	}
	once := unix.ItimerSpec{Value: unix.NsecToTimespec(max(d.Nanoseconds(), 1))}
	if err := unix.TimerfdSettime(a.fd, 0, &once, nil); err != nil {
		time.Sleep(d)
		return
	}
	var fired [8]byte
	_, _ = a.timer.Read(fired[:]) // an error is a sleep that is too short, which wait makes up for
}

func (a *alarm) close() {
	if a.timer != nil {
		_ = a.timer.Close()
	}
}
