package main

import (
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// endWithParent kills the process when this one ends, however it ends.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// cpuTime is the time that a process has run on processors, in all of its threads.
func cpuTime(pid int) time.Duration {
	var spent unix.Timespec
	clock := int32(^pid<<3 | 2) //nolint:gosec // the process's clock, as clock_getcpuclockid(3) makes it
	if err := unix.ClockGettime(clock, &spent); err != nil {
		return 0 // it has ended, and the clients fail
	}
	return time.Duration(spent.Nano())
}
