package app

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// listener accepts connections as conn.
type listener struct{ net.Listener }

// Accept waits for a connection.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// conn lets a client close its side of the connection once it has sent its request, and
// wait for the response. While a handler runs, net/http reads one byte ahead; it takes
// the end of the stream for a client that is gone, and cancels the request. Here that
// read blocks until net/http aborts it, as it does when the handler has returned. So
// only a reset means that the client is gone. Once the handler has flushed, which is
// streaming, the end of the stream means it too.
type conn struct {
	net.Conn

	mu       sync.Mutex
	deadline time.Time     // for reads
	flushed  bool          // the current response streams
	closed   bool          // on this side
	changed  chan struct{} // closed when one of the above changes; nil while nobody waits
}

// Read reads from the client.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n == 0 && len(p) == 1 && errors.Is(err, io.EOF) {
		return 0, c.awaitClose()
	}
	return n, err
}

// awaitClose waits until the end of the stream matters, and returns the error for Read.
func (c *conn) awaitClose() error {
	for {
		c.mu.Lock()
		deadline, flushed, closed := c.deadline, c.flushed, c.closed
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		switch {
		case closed:
			return net.ErrClosed
		case flushed:
			return io.EOF
		case deadline.IsZero():
			<-changed
			continue
		}
		timer := time.NewTimer(time.Until(deadline))
		select {
		case <-timer.C:
			return os.ErrDeadlineExceeded
		case <-changed:
			timer.Stop()
		}
	}
}

// change changes the state and wakes awaitClose.
func (c *conn) change(to func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to()
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// SetReadDeadline sets the deadline for reads. net/http sets one for each request.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.change(func() {
		c.deadline = t
		c.flushed = c.flushed && t.IsZero()
	})
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline sets the deadline for reads and writes.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// CloseWrite closes the connection for writing, so that the client can read to the end
// of a response before closing the connection may reset it.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close closes the connection.
func (c *conn) Close() error {
	c.change(func() { c.closed = true })
	return c.Conn.Close()
}

type connKey struct{}

// withConn is the server's ConnContext, for trackFlushes.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// trackFlushes tells the connection when a handler flushes its response.
func trackFlushes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(*conn); ok {
			w = flusher{w, c}
		}
		next.ServeHTTP(w, r)
	})
}

type flusher struct {
	http.ResponseWriter
	conn *conn
}

// Unwrap is for [http.ResponseController].
func (f flusher) Unwrap() http.ResponseWriter { return f.ResponseWriter }

// FlushError flushes what was written.
func (f flusher) FlushError() error {
	f.conn.change(func() { f.conn.flushed = true })
	return http.NewResponseController(f.ResponseWriter).Flush()
}
