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

// noPID means that there is no postmaster.
const noPID = 0

// watchdog is a shell that stops the server and removes a throwaway directory when this
// process has ended, even by SIGKILL. It detects that by the end of a pipe whose other
// end only this process holds: Go opens pipes so that no other child inherits them.
type watchdog struct {
	cmd  *exec.Cmd
	pipe *os.File
}

func startWatchdog(f serverDir) (*watchdog, error) {
	reading, writing, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("create a pipe: %w", err)
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

// guard tells the watchdog which postmaster must not outlive this process. If the
// watchdog was killed, the next start on the directory does its work.
func (w *watchdog) guard(pid int) {
	line := "\n"
	if pid != noPID {
		line = fmt.Sprintln(pid)
	}
	_, _ = w.pipe.WriteString(line)
}

// dismiss ends the watchdog once there is nothing left to guard.
func (w *watchdog) dismiss() {
	_ = w.pipe.Close()
	_ = w.cmd.Wait()
}
