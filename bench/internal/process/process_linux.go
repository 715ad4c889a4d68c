package process

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// EndWithParent kills the process when this one ends, however it ends.
func EndWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// CPUTime is the time that a process has run on processors, in all of its threads.
func CPUTime(pid int) time.Duration {
	var spent unix.Timespec
	clock := int32(^pid<<3 | 2) //nolint:gosec // the process's clock, as clock_getcpuclockid(3) makes it
	if err := unix.ClockGettime(clock, &spent); err != nil {
		return 0 // it has ended, and the clients fail
	}
	return time.Duration(spent.Nano())
}

// PeakMemory is the most memory that a process has had, in bytes.
func PeakMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	var kilobytes int64
	_, line, _ := bytes.Cut(status, []byte("VmHWM:"))
	_, err = fmt.Sscan(string(line), &kilobytes)
	return kilobytes << 10, err
}

// SetSendBuffer sets the kernel's buffer of a listener's connections.
func SetSendBuffer(listener *os.File, size int) error {
	return unix.SetsockoptInt(int(listener.Fd()), unix.SOL_SOCKET, unix.SO_SNDBUF, size)
}
