package pgproxy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Moment is where, on the way of a message and its answer, a fault acts.
type Moment uint8

// The moments.
const (
	// Before the message is passed on: the other side hasn't seen it. What was
	// said before it has been passed on.
	Before Moment = iota
	// Sent is right after the message was passed on. Whether the other side has
	// read it, or acted on it, is open; but no answer to it passes a Cut or Reset.
	Sent
	// Answered is when the server's answer to a client's message has come whole
	// and nothing of it has been passed on: the server has done the work, or
	// refused it, and the client doesn't know. Answered are Query, FunctionCall,
	// Parse, Bind, Describe, Execute, Close and Sync; no other message, no message
	// of a server, and none that a server skips after an error comes to this.
	Answered
)

// Action is what a fault does.
type Action uint8

// The actions. Those that hold a message or an answer back hold back what is said
// after it, too, in the same direction.
const (
	// Cut closes the connection on both sides, as a process does that ends. A
	// side that is still being sent something may see a reset, as always in TCP.
	Cut Action = iota
	// Reset closes the connection on both sides with RST, as a network does that
	// forgot it.
	Reset
	// Delay waits for the fault's Delay, and goes on.
	Delay
	// Stall waits until the fault is released, and goes on, even when its sender
	// has gone: that it has is held back too. [Proxy.Break] ends it for good.
	Stall
	// Blackhole loses the message, at Answered its answer, and all that follows
	// in the same direction, the sender's end included. Both connections stay
	// open, until the other direction ends them or [Proxy.Break] does.
	Blackhole
)

// A Fault breaks a connection, or holds it up, at a chosen message.
type Fault struct {
	// Match chooses the messages. It is called by the goroutines of all
	// connections, and must not wait for the proxy. Nil chooses every one.
	Match func(Message) bool
	// Moment defaults to Before.
	Moment Moment
	// Action defaults to Cut.
	Action Action
	// Delay is how long the action Delay waits.
	Delay time.Duration
	// Times is how many messages the fault acts on. Defaults to all that match.
	Times int
}

// AtCommit matches a client's COMMIT or END, sent by Query, alone or among other
// statements, or by the Execute of a prepared statement.
func AtCommit(m Message) bool {
	return runs(m) && slices.ContainsFunc(strings.Split(m.SQL, ";"), func(statement string) bool {
		words := strings.Fields(strings.ToLower(statement))
		return len(words) > 0 && (words[0] == "commit" || words[0] == "end") && !slices.Contains(words, "prepared")
	})
}

// AtStatement returns a Match for the Query or Execute of statements that contain
// text, in upper or lower case.
func AtStatement(text string) func(Message) bool {
	text = strings.ToLower(text)
	return func(m Message) bool { return runs(m) && strings.Contains(strings.ToLower(m.SQL), text) }
}

// runs reports whether the message makes the server run a statement.
func runs(m Message) bool { return m.Frontend && (m.Type == 'Q' || m.Type == 'E') }

// An Injection is a fault at work.
type Injection struct {
	fault    Fault
	proxy    *Proxy
	released chan struct{}

	mu      sync.Mutex
	claimed int           // messages that the fault acts on, or will when they are answered
	fired   int           // of these, those on which it has acted
	changed chan struct{} // closed when fired is raised
}

// Inject puts a fault to work on what is said from then on. Where several match a
// message, the one that was injected first acts.
func (p *Proxy) Inject(f Fault) *Injection {
	i := &Injection{fault: f, proxy: p, released: make(chan struct{}), changed: make(chan struct{})}
	p.watch(func(w *watch) { w.faults = append(w.faults, i) })
	return i
}

// Fired returns how often the fault has acted.
func (i *Injection) Fired() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fired
}

// Await returns once the fault has acted, or begun to, n times, or with the
// context's error.
func (i *Injection) Await(ctx context.Context, n int) error {
	for {
		i.mu.Lock()
		fired, changed := i.fired, i.changed
		i.mu.Unlock()
		if fired >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("fault acted %d times, not %d: %w", fired, n, context.Cause(ctx))
		}
	}
}

// Release ends the fault: what it stalls goes on, and it matches nothing more.
// Calling it again does nothing.
func (i *Injection) Release() {
	i.proxy.watch(func(w *watch) {
		if at := slices.Index(w.faults, i); at >= 0 {
			w.faults = slices.Delete(w.faults, at, at+1)
			close(i.released)
		}
	})
}

// claim reports whether the fault acts on the message.
func (i *Injection) claim(m Message) bool {
	if i.fault.Moment == Answered && !m.Frontend || i.spent(0) {
		return false
	}
	if i.fault.Match != nil && !i.fault.Match(m) {
		return false
	}
	return !i.spent(1) // another connection's message may have been faster
}

// spent reports whether the fault is used up, and if not, uses it n times.
func (i *Injection) spent(n int) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fault.Times > 0 && i.claimed >= i.fault.Times {
		return true
	}
	i.claimed += n
	return false
}

// ends reports whether the fault ends connections.
func (i *Injection) ends() bool { return i.fault.Action == Cut || i.fault.Action == Reset }

// fire notes that the fault acts.
func (i *Injection) fire() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fired++
	close(i.changed)
	i.changed = make(chan struct{})
}
