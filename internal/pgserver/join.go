package pgserver

import (
	"context"
	"sync"
	"time"
)

// join returns the server that another process runs on f. An error that isn't
// permanent says that the server isn't ready, or not yet.
func join(ctx context.Context, f folder) (*Server, error) {
	e, err := f.probe(ctx)
	if err != nil {
		return nil, err
	}
	done, left := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		watch(e.pid, f.data(), left)
	}()
	leave := sync.OnceFunc(func() { close(left) })
	return &Server{endpoint: e, dir: f.dir, done: done, leave: leave}, nil
}

// watch returns when the postmaster has ended or left is closed. Nobody tells
// the end of a process that isn't our child, so it has to look.
func watch(pid int, data string, left <-chan struct{}) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for isPostmaster(pid, data) {
		select {
		case <-left:
			return
		case <-tick.C:
		}
	}
}
