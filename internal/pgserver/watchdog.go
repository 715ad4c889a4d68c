package pgserver

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

//go:embed watchdog.sh
var watchdogScript string

// none stands for the process id of no postmaster.
const none = 0

// watchdog is a shell that ends the server and removes a throwaway folder when
// this process is gone, SIGKILL included. It knows by the end of a pipe whose
// other end only we hold: Go opens pipes so that no other child inherits them.
type watchdog struct {
	cmd  *exec.Cmd
	pipe *os.File
}

func startWatchdog(f folder) (*watchdog, error) {
	reading, writing, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { _ = reading.Close() }()
	args := []string{"-c", watchdogScript, "commitment-watchdog", f.data()}
	if f.throwaway {
		args = append(args, f.dir)
	}
	cmd := exec.CommandContext(context.Background(), "/bin/sh", args...)
	cmd.Dir = "/"
	cmd.Stdin = reading
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		_ = writing.Close()
		return nil, fmt.Errorf("start the watchdog: %w", err)
	}
	return &watchdog{cmd: cmd, pipe: writing}, nil
}

// guard names the postmaster that must not outlive us. A watchdog that was
// killed can't be told, and the next start on the folder does its work.
func (w *watchdog) guard(pid int) {
	line := "\n"
	if pid != none {
		line = fmt.Sprintln(pid)
	}
	_, _ = w.pipe.WriteString(line)
}

// dismiss ends the watchdog, once there is nothing left to guard.
func (w *watchdog) dismiss() {
	_ = w.pipe.Close()
	_ = w.cmd.Wait()
}
