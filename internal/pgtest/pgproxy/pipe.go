package pgproxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// chunkSize is how much is read at once, in bytes.
	chunkSize = 32 << 10
	// queueLength is how many chunks are on their way in one direction before
	// the sender has to wait: 16 MB when they are full.
	queueLength = 512
)

// buffers are those of chunks that have arrived.
var buffers = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// errEnded says that the session has ended.
var errEnded = errors.New("session ended")

// chunk is what was read at once, on its way to the other side. The last one of a
// connection has an error and no bytes.
type chunk struct {
	buffer *[chunkSize]byte
	n      int
	due    time.Time // zero: at once
	err    error
}

// pipe passes on what one side of a session says.
type pipe struct {
	session  *session
	frontend bool
	from, to *net.TCPConn
	queue    chan chunk
	framer   framer
	alarm    alarm
	out      []byte // what is passed on next
	held     bool   // out waits for the end of an answer
	lost     bool   // all is lost on the way
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

// begin sends the client's first packet on its way, before anything else is read.
func (p *pipe) begin(packet []byte) {
	buffer := buffers.Get().(*[chunkSize]byte)
	p.queue <- chunk{buffer: buffer, n: copy(buffer[:], packet), due: p.due()}
	p.framer.startup = len(packet)
}

// read sends what comes on its way, until nothing more comes.
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

// due returns when something that is read now arrives on the other side.
func (p *pipe) due() time.Time {
	if delay := p.session.proxy.delay.Load(); delay > 0 {
		return time.Now().Add(time.Duration(delay))
	}
	return time.Time{}
}

// run passes on what has arrived, until nothing more comes or the session ends.
func (p *pipe) run() {
	defer p.alarm.close()
	for c := range p.queue {
		if err := p.arrive(c); err != nil {
			p.session.end(Reset) // unless a fault has ended it
			return
		}
	}
}

// arrive passes a chunk on when it is due.
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

// finish passes on that no more comes.
func (p *pipe) finish() error {
	p.held = false // the answer never ends
	if err := p.flush(); err != nil || p.loses() {
		return err
	}
	return p.to.CloseWrite()
}

// pass passes on the messages in data.
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

// take adds a message to what is passed on next, and lets faults act.
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
		// A fast answer doesn't get past a cut.
		p.session.muted.Store(p.frontend && e.fault.ends())
		return p.act(e.fault)
	}
	return nil
}

// event says what there is to do about a message.
func (p *pipe) event(f frame) event {
	if p.frontend {
		return p.session.heard(f)
	}
	return p.session.answered(f)
}

// act passes on what came before, unless an answer is held, and lets the fault
// act.
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

// flush passes on what was taken, unless it is held or lost.
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

// loses reports whether nothing is passed on any more.
func (p *pipe) loses() bool { return p.lost || !p.frontend && p.session.muted.Load() }
