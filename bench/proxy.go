package main

import (
	"context"
	"net"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	// chunkSize is how much is read at once, in bytes.
	chunkSize = 32 << 10
	// queueLength is how many chunks may be on their way in one direction.
	queueLength = 256
)

// proxy stands between a peer and PostgreSQL. It adds to the time of each round
// trip, one half on each way, takes nothing from what can be on its way, and
// counts the round trips.
type proxy struct {
	listener net.Listener
	server   string // PostgreSQL's address
	url      url.URL
	delay    time.Duration // on each way
	trips    atomic.Int64
}

// startProxy listens for the server of a URL.
func startProxy(ctx context.Context, serverURL string, rtt time.Duration) (*proxy, error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: listener, server: u.Host, url: *u, delay: rtt / 2}
	p.url.Host = listener.Addr().String()
	go p.accept()
	return p, nil
}

// close lets nobody in any more. Connections end when one of their sides ends them.
func (p *proxy) close() { _ = p.listener.Close() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		var asked atomic.Bool
		go p.pass(client, server, func() { asked.Store(true) }, func() {})
		go p.pass(server, client, func() {}, func() {
			// The first that comes after something was asked ends a round trip.
			if asked.Swap(false) {
				p.trips.Add(1)
			}
		})
	}
}

// chunk is what was read at once.
type chunk struct {
	bytes []byte
	due   time.Time // on the other side
}

// pass passes on what comes, each chunk when it is due.
func (p *proxy) pass(from, to net.Conn, came, left func()) {
	queue := make(chan chunk, queueLength)
	free := make(chan []byte, queueLength)
	go p.read(from, queue, free, came)
	defer to.Close()
	var a alarm
	defer a.close()
	for c := range queue {
		if p.delay > 0 {
			a.wait(c.due)
		}
		left()
		if _, err := to.Write(c.bytes); err != nil {
			_ = from.Close()
			for range queue { // until the reader has noticed
			}
			return
		}
		select {
		case free <- c.bytes[:chunkSize]:
		default:
		}
	}
}

// read queues what comes.
func (p *proxy) read(from net.Conn, queue chan<- chunk, free <-chan []byte, came func()) {
	defer close(queue)
	for {
		var buf []byte
		select {
		case buf = <-free:
		default:
			buf = make([]byte, chunkSize)
		}
		n, err := from.Read(buf)
		if n > 0 {
			came()
			queue <- chunk{buf[:n], time.Now().Add(p.delay)}
		}
		if err != nil {
			return
		}
	}
}
