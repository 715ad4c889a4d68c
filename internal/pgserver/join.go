package pgserver

import (
	"context"
	"sync"
	"time"
)

// join returns the server that another process runs on f. An error that isn't permanent
// means that the server isn't ready yet, or no longer.
func join(ctx context.Context, f serverDir) (*Server, error) {
	e, err := f.probe(ctx)
	if err != nil {
		return nil, err
	}
	done, leaving := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		pollUntilExit(e.pid, f.data(), leaving)
	}()
	leave := sync.OnceFunc(func() { close(leaving) })
	return &Server{endpoint: e, dir: f.dir, done: done, leave: leave}, nil
}

// pollUntilExit returns when the postmaster has exited or leave is closed. It polls,
// because the system doesn't report the exit of a process that isn't our child.
func pollUntilExit(pid int, data string, leave <-chan struct{}) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for isPostmaster(pid, data) {
		select {
		case <-leave:
			return
		case <-tick.C:
		}
	}
}
