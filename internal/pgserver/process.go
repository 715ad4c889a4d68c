package pgserver

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// lastGrace is how long the server's processes have to exit after SIGQUIT, and after
// the postmaster's exit.
const lastGrace = 10 * time.Second

// settings returns the settings that the server is started with. It listens on loopback
// only. Only a throwaway server may lose data if the machine crashes. Dynamic shared memory
// is in files of the directory, because nothing else removes it after a kill.
func (f serverDir) settings(port int, extra map[string]string) map[string]string {
	settings := map[string]string{
		"listen_addresses":           "127.0.0.1",
		"port":                       strconv.Itoa(port),
		"unix_socket_directories":    "",
		"max_connections":            "200",
		"dynamic_shared_memory_type": "mmap",
	}
	if f.throwaway {
		settings["fsync"] = "off"
		settings["synchronous_commit"] = "off"
		settings["full_page_writes"] = "off"
	}
	maps.Copy(settings, extra)
	return settings
}

// process is a postmaster that is our child.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when no process of the server is left
}

// run starts a postmaster, which the watchdog guards until it exits.
func run(programs Programs, f serverDir, settings map[string]string, log *os.File, w *watchdog) (*process, error) {
	args := []string{"-D", f.data()}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	// All processes of the server inherit the write end, so the read end reports
	// EOF when the last of them has exited, including the orphans of a killed
	// postmaster. There is no other portable way to know.
	lifeline, writing, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("create a pipe: %w", err)
	}
	cmd := f.user.command(context.Background(), filepath.Join(programs.Dir, "postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{writing}
	err = cmd.Start()
	_ = writing.Close()
	if err != nil {
		_ = lifeline.Close()
		return nil, fmt.Errorf("run postgres: %w", err)
	}
	w.guard(cmd.Process.Pid)
	p := &process{cmd: cmd, done: make(chan struct{})}
	go p.reap(lifeline, w)
	return p, nil
}

func (p *process) reap(lifeline *os.File, w *watchdog) {
	defer close(p.done)
	defer func() { _ = lifeline.Close() }()
	_ = p.cmd.Wait() // the result is in ProcessState
	w.guard(noPID)
	if err := lifeline.SetReadDeadline(time.Now().Add(lastGrace)); err == nil {
		_, _ = lifeline.Read(make([]byte, 1))
	}
}

// ready waits until the server accepts connections, has exited, or ctx ends.
func (p *process) ready(ctx context.Context, f serverDir) (endpoint, error) {
	for {
		e, err := f.probe(ctx)
		if err == nil || isPermanent(err) {
			return e, err
		}
		select {
		case <-p.done:
			return endpoint{}, fmt.Errorf("postgres exited: %v", p.cmd.ProcessState)
		default:
		}
		if !pause(ctx) {
			return endpoint{}, fmt.Errorf("wait for the server: %w", context.Cause(ctx))
		}
	}
}

// end stops the server: with a checkpoint until ctx ends, then without one, and at last
// by SIGKILL.
func (p *process) end(ctx context.Context) {
	p.signal(syscall.SIGINT)
	select {
	case <-p.done:
		return
	case <-ctx.Done():
	}
	p.signal(syscall.SIGQUIT)
	select {
	case <-p.done:
	case <-time.After(lastGrace):
		p.kill()
	}
}

// kill kills all processes of the server. It stops the postmaster first, so that it
// neither starts another process nor reaps those that end, whose ids could then be
// reused.
func (p *process) kill() {
	if p.cmd.Process.Signal(syscall.SIGSTOP) != nil {
		<-p.done
		return
	}
	for _, pid := range children(p.cmd.Process.Pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	p.signal(syscall.SIGKILL)
	<-p.done
}

// signal does nothing if the postmaster has exited.
func (p *process) signal(sig syscall.Signal) { _ = p.cmd.Process.Signal(sig) }
