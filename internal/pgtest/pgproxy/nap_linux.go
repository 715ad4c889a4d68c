package pgproxy

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// napper sleeps on a timerfd. Its reads go through the network poller, so that no
// thread blocks, and end when the timer fires rather than at the poller's next
// millisecond.
type napper struct {
	timer *os.File // created by the first nap
	fd    int
}

// nap sleeps for d, which must not be zero.
func (n *napper) nap(d time.Duration) error {
	if n.timer == nil {
		fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
		if err != nil {
			return fmt.Errorf("make timer: %w", err)
		}
		n.fd, n.timer = fd, os.NewFile(uintptr(fd), "timer")
	}
	once := unix.ItimerSpec{Value: unix.NsecToTimespec(max(d.Nanoseconds(), 1))}
	if err := unix.TimerfdSettime(n.fd, 0, &once, nil); err != nil {
		return fmt.Errorf("set timer: %w", err)
	}
	var fired [8]byte
	_, err := n.timer.Read(fired[:])
	return err
}

func (n *napper) close() {
	if n.timer != nil {
		_ = n.timer.Close() // closing a timer loses nothing
	}
}
