package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"commitment/bench/internal/process"
)

// peer is an implementation of the service.
type peer struct {
	name  string
	title string
	// open returns the service on a database. It closes nothing, because a peer lives
	// as long as its process. Nil for a peer that isn't written in Go.
	open func(url string, pool int) (http.Handler, error)
	// start returns the command that serves from a database, for a peer that isn't
	// written in Go.
	start func(ctx context.Context, url string, pool int) (*exec.Cmd, error)
	// sendBuffer is the size of the kernel's buffer for what a client hasn't read, in bytes;
	// 0 for the system's.
	sendBuffer int
	// modules are the modules whose versions are reported.
	modules []string
}

// checkAvailable reports whether the peer can be measured here, or why not.
func (p *peer) checkAvailable() (ok bool, why string) {
	if p.open != nil {
		return true, ""
	}
	if _, err := python(); err != nil {
		return false, err.Error()
	}
	return true, ""
}

func peerNamed(name string) (*peer, error) {
	if name == holder.name {
		return &holder, nil
	}
	for _, s := range suites {
		for _, p := range s.peers {
			if p.name == name && p.open != nil {
				return p, nil
			}
		}
	}
	return nil, fmt.Errorf("there is no peer %q", name)
}

// serveAs serves as a peer until the parent process kills it. The listener is file 3,
// which the parent opened.
func serveAs(name, url string, pool int) error {
	p, err := peerNamed(name)
	if err != nil {
		return err
	}
	handler, err := p.open(url, pool)
	if err != nil {
		return err
	}
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return fmt.Errorf("take over the listener: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	return server.Serve(listener)
}

// child is a running peer process.
type child struct {
	cmd  *exec.Cmd
	addr string
}

// startChild runs the peer on a database. The parent process listens, so a client can
// connect at once, and waits for the response.
func startChild(ctx context.Context, p *peer, url string, pool int) (*child, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = listener.Close() }()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if p.sendBuffer > 0 {
		if err := process.SetSendBuffer(file, p.sendBuffer); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, os.Args[0], "-serve", p.name, "-url", url, "-pool", fmt.Sprint(pool))
	if p.start != nil {
		if cmd, err = p.start(ctx, url, pool); err != nil {
			return nil, err
		}
	}
	cmd.ExtraFiles = []*os.File{file}
	cmd.Stderr = os.Stderr
	process.EndWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	return &child{cmd: cmd, addr: listener.Addr().String()}, nil
}

// stop kills the peer.
func (c *child) stop() {
	_ = c.cmd.Process.Kill() // it has no data to lose
	_ = c.cmd.Wait()
}
