package pgproxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Proxy forwards connections to one server. Its methods are safe for concurrent use.
type Proxy struct {
	target   atomic.Pointer[target] // of new connections
	listener net.Listener
	ctx      context.Context // ends when the proxy is closed
	cancel   context.CancelFunc
	running  sync.WaitGroup
	refusing atomic.Bool
	delay    atomic.Int64 // in each direction, in nanoseconds

	mu       sync.Mutex
	lastID   int
	sessions map[int]*session // open, or closed since the last Reset
	watched  atomic.Pointer[watch]
}

// Start listens on a free port of loopback for the server of a libpq URL: one host,
// reached by TCP, with an sslmode that permits connections without TLS. The server need
// not be running yet. The context limits only the call.
func Start(ctx context.Context, serverURL string) (*Proxy, error) {
	to, err := parseTarget(serverURL)
	if err != nil {
		return nil, fmt.Errorf("server's URL: %w", err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: listener, sessions: map[int]*session{}}
	p.target.Store(&to)
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.running.Go(p.accept)
	return p, nil
}

// URL returns the server's URL with the proxy's address.
func (p *Proxy) URL() string { return p.target.Load().at(p.listener.Addr().String()) }

// Redirect leads new connections to another server. Those that are open stay.
func (p *Proxy) Redirect(serverURL string) error {
	to, err := parseTarget(serverURL)
	if err != nil {
		return fmt.Errorf("server's URL: %w", err)
	}
	p.target.Store(&to)
	return nil
}

// Close breaks all connections, stops listening, and returns once all goroutines of the
// proxy have ended. Counts and transcripts stay readable.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.cancel()
	p.mu.Unlock()
	_ = p.listener.Close() // nothing more is expected of it
	p.Break()
	p.running.Wait()
}

// Break resets all connections now, on both sides, and returns how many there were.
// What hasn't been forwarded is lost.
func (p *Proxy) Break() int {
	n := 0
	for _, s := range p.all() {
		if s.end(Reset) {
			n++
		}
	}
	return n
}

// Refuse makes the server unreachable to new connections, until it is called
// with false: they are reset before anything is said. A CancelRequest is a new
// connection too. Those that are open stay.
func (p *Proxy) Refuse(on bool) { p.refusing.Store(on) }

// SetRTT adds to the time of each round trip, one half in each direction. Zero, the
// initial value, adds nothing. It applies to bytes that arrive from now on; bytes in
// flight keep their time and their order. Connecting to the proxy isn't delayed;
// start-up and authentication are.
func (p *Proxy) SetRTT(added time.Duration) { p.delay.Store(int64(added / 2)) }

// accept begins a session for each connection until the proxy is closed.
func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		switch {
		case err == nil:
			p.begin(conn.(*net.TCPConn))
		case errors.Is(err, net.ErrClosed):
			return
		default: // too many open files, most likely: others have to close theirs
			select {
			case <-p.ctx.Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

// begin runs a session for the client.
func (p *Proxy) begin(client *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusing.Load() || p.ctx.Err() != nil {
		hangUp(client, Reset)
		return
	}
	p.lastID++
	s := newSession(p, p.lastID, client)
	p.sessions[s.id] = s
	p.running.Go(s.run)
}

// all returns the sessions, closed ones too.
func (p *Proxy) all() []*session {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*session, 0, len(p.sessions))
	for _, s := range p.sessions {
		all = append(all, s)
	}
	return all
}
