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

// lastGrace is how long the processes of a server may take to end once they
// have no choice, before nothing more is done about them.
const lastGrace = 10 * time.Second

// settings returns what the server is started with. Only loopback is listened
// on. Only a throwaway server may lose data in a crash of the machine.
func (f folder) settings(port int, extra map[string]string) map[string]string {
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    strconv.Itoa(port),
		"unix_socket_directories": "",
		"max_connections":         "200",
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

// run starts a postmaster, and has the watchdog guard it until it ends.
func run(programs Programs, f folder, settings map[string]string, log *os.File, w *watchdog) (*process, error) {
	args := []string{"-D", f.data()}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	// All processes of the server inherit the writing end, so the reading end
	// tells when the last of them is gone, the orphans of a killed postmaster
	// included, which nothing else tells portably.
	lifeline, writing, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	cmd := f.account.command(context.Background(), filepath.Join(programs.Dir, "postgres"), args...)
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
	_ = p.cmd.Wait() // How it ended is in its ProcessState.
	w.guard(none)
	if err := lifeline.SetReadDeadline(time.Now().Add(lastGrace)); err == nil {
		_, _ = lifeline.Read(make([]byte, 1))
	}
}

// ready waits until the server answers, or has ended, or ctx has.
func (p *process) ready(ctx context.Context, f folder) (endpoint, error) {
	for {
		e, err := f.probe(ctx)
		if err == nil || permanent(err) {
			return e, err
		}
		select {
		case <-p.done:
			return endpoint{}, fmt.Errorf("it ended with %v", p.cmd.ProcessState)
		default:
		}
		if !pause(ctx) {
			return endpoint{}, fmt.Errorf("wait for the server: %w", context.Cause(ctx))
		}
	}
}

// end stops the server: in order until ctx ends, then without a checkpoint,
// at last by force.
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

// kill ends all processes of the server. The postmaster is stopped first, so
// that it neither starts another nor lets go of the numbers of those that end.
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

// signal does nothing to a postmaster that has ended.
func (p *process) signal(sig syscall.Signal) { _ = p.cmd.Process.Signal(sig) }
