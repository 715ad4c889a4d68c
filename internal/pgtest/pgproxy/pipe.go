package pgproxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// chunkSize is the size of a read, in bytes.
	chunkSize = 32 << 10
	// queueLength is how many chunks may be in flight in one direction before the
	// sender has to wait: 16 MB if they are full.
	queueLength = 512
)

// buffers are the buffers of chunks.
var buffers = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// errEnded means that the session has ended.
var errEnded = errors.New("session ended")

// chunk is the result of one read, on its way to the other side. The last chunk of a
// connection has an error and no bytes.
type chunk struct {
	buffer *[chunkSize]byte
	n      int
	due    time.Time // zero: at once
	err    error
}

// pipe forwards one direction of a session.
type pipe struct {
	session  *session
	frontend bool
	from, to *net.TCPConn
	queue    chan chunk
	framer   framer
	alarm    alarm
	out      []byte // what is forwarded next
	held     bool   // out waits for the end of a response
	lost     bool   // drops everything
}

func newPipe(s *session, frontend bool, from, to *net.TCPConn) *pipe {
	whole := backendWhole
	if frontend {
		whole = frontendWhole
	}
	return &pipe{
		session: s, frontend: frontend, from: from, to: to,
		queue: make(chan chunk, queueLength), framer: framer{whole: whole},
	}
}

// begin forwards the client's first packet, before anything else is read.
func (p *pipe) begin(packet []byte) {
	buffer := buffers.Get().(*[chunkSize]byte)
	p.queue <- chunk{buffer: buffer, n: copy(buffer[:], packet), due: p.due()}
	p.framer.startup = len(packet)
}

// read queues what arrives, until the end of the stream.
func (p *pipe) read() {
	defer close(p.queue)
	for {
		buffer := buffers.Get().(*[chunkSize]byte)
		n, err := p.from.Read(buffer[:])
		c := chunk{buffer: buffer, n: n, due: p.due(), err: err}
		select {
		case p.queue <- c:
		case <-p.session.done:
			return
		}
		if err != nil {
			return
		}
	}
}

// due returns when bytes that are read now arrive on the other side.
func (p *pipe) due() time.Time {
	if delay := p.session.proxy.delay.Load(); delay > 0 {
		return time.Now().Add(time.Duration(delay))
	}
	return time.Time{}
}

// run forwards what is queued, until the end of the stream or of the session.
func (p *pipe) run() {
	defer p.alarm.close()
	for c := range p.queue {
		if err := p.arrive(c); err != nil {
			p.session.end(Reset) // unless a fault has ended it
			return
		}
	}
}

// arrive forwards a chunk when it is due.
func (p *pipe) arrive(c chunk) error {
	if !c.due.IsZero() {
		if err := p.alarm.wait(c.due, p.session.done); err != nil {
			return err
		}
	}
	err := p.pass(c.buffer[:c.n])
	buffers.Put(c.buffer)
	switch {
	case err != nil:
		return err
	case c.err == nil:
		return nil
	case errors.Is(c.err, io.EOF):
		return p.finish()
	}
	return c.err
}

// finish forwards the end of the stream.
func (p *pipe) finish() error {
	p.held = false // the response never ends
	if err := p.flush(); err != nil || p.loses() {
		return err
	}
	return p.to.CloseWrite()
}

// pass forwards the messages in data.
func (p *pipe) pass(data []byte) error {
	for f, err := range p.framer.frames(data) {
		if err != nil {
			return err
		}
		if err := p.take(f); err != nil {
			return err
		}
	}
	return p.flush()
}

// take adds a message to what is forwarded next, and lets faults act.
func (p *pipe) take(f frame) error {
	if f.more {
		p.out = append(p.out, f.bytes...)
		return nil
	}
	e := p.event(f)
	if e.fault != nil && e.fault.fault.Moment == Before {
		if err := p.act(e.fault); err != nil {
			return err
		}
	}
	if e.awaited != nil && !p.held {
		if err := p.flush(); err != nil {
			return err
		}
		p.held = true
	}
	p.out = append(p.out, f.bytes...)
	if e.awaited != nil && e.ends {
		if err := p.act(e.awaited); err != nil {
			return err
		}
		p.held = false
	}
	if e.fault != nil && e.fault.fault.Moment == Sent {
		// Not even a fast response passes a cut.
		p.session.muted.Store(p.frontend && e.fault.ends())
		return p.act(e.fault)
	}
	return nil
}

// event returns what to do about a message.
func (p *pipe) event(f frame) event {
	if p.frontend {
		return p.session.heard(f)
	}
	return p.session.answered(f)
}

// act forwards what came before, unless a response is held, and lets the fault act.
func (p *pipe) act(i *Injection) error {
	if err := p.flush(); err != nil {
		return err
	}
	i.fire()
	switch i.fault.Action {
	case Delay:
		return p.alarm.wait(time.Now().Add(i.fault.Delay), p.session.done)
	case Stall:
		select {
		case <-i.released:
			return nil
		case <-p.session.done:
			return errEnded
		}
	case Blackhole:
		p.lost = true
		return nil
	default:
		p.session.end(i.fault.Action)
		return errEnded
	}
}

// flush forwards what was taken, unless it is held or dropped.
func (p *pipe) flush() error {
	if p.held || len(p.out) == 0 {
		return nil
	}
	if !p.loses() {
		if _, err := p.to.Write(p.out); err != nil {
			return err
		}
	}
	p.out = p.out[:0]
	return nil
}

// loses reports whether everything is dropped.
func (p *pipe) loses() bool { return p.lost || !p.frontend && p.session.muted.Load() }
