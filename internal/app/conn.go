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

// conn is a connection on which a client may close its side once it has sent its
// request, and wait for the answer. While a handler runs, net/http reads one byte
// ahead, takes the end of the stream for the client's departure, and cancels the
// request. Here that read goes on until net/http breaks it off, as it does when the
// handler has returned. So only a reset is a departure, until the handler flushes:
// whoever streams learns of both.
type conn struct {
	net.Conn

	mu       sync.Mutex
	deadline time.Time     // of reads
	flushed  bool          // the response of now streams
	closed   bool          // by this side
	changed  chan struct{} // closed when one of the above changes; nil while nobody waits
}

// Read reads from the client.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n == 0 && len(p) == 1 && errors.Is(err, io.EOF) {
		return 0, c.hold()
	}
	return n, err
}

// hold waits until the end of the stream matters, and returns what Read does.
func (c *conn) hold() error {
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

// change changes the state, and wakes who waits for that.
func (c *conn) change(to func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to()
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// SetReadDeadline bounds reads. net/http bounds those of each request.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.change(func() {
		c.deadline = t
		c.flushed = c.flushed && t.IsZero()
	})
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline bounds reads and writes.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// CloseWrite lets the client read to the end of an answer before a reset, which
// closing the connection may cause.
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

// withConn is the server's ConnContext, for noteFlushes.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// noteFlushes tells the connection when a handler flushes its response.
func noteFlushes(next http.Handler) http.Handler {
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

// FlushError sends what was written.
func (f flusher) FlushError() error {
	f.conn.change(func() { f.conn.flushed = true })
	return http.NewResponseController(f.ResponseWriter).Flush()
}
