package pgproxy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Moment is the point between a message and its response at which a fault acts.
type Moment uint8

// The moments.
const (
	// Before the message is forwarded: the other side hasn't received it, but
	// everything before it.
	Before Moment = iota
	// Sent is right after the message was forwarded. Whether the other side has read it
	// or acted on it is open, but no response to it passes a Cut or Reset.
	Sent
	// Answered is when the server's whole response to a client's message has arrived,
	// and nothing of it has been forwarded: the server has done the work, or refused
	// it, and the client doesn't know. It applies to Query, FunctionCall, Parse, Bind,
	// Describe, Execute, Close and Sync, but not to messages of the server, nor to
	// messages that the server skips after an error.
	Answered
)

// Action is what a fault does.
type Action uint8

// The actions. An action that holds back a message or a response also holds back all
// that follows in the same direction.
const (
	// Cut closes both connections, like a process that exits. A side to which data are
	// still being sent may see a reset, as always in TCP.
	Cut Action = iota
	// Reset closes both connections with RST, like a network that has lost them.
	Reset
	// Delay waits for the fault's Delay, and continues.
	Delay
	// Stall waits until the fault is released, and continues. It also hides that the
	// sender has closed its side. [Proxy.Break] ends it.
	Stall
	// Blackhole drops the message, at Answered its response, and all that follows in
	// the same direction, including the end of the stream. Both connections stay open
	// until the other direction ends them or [Proxy.Break] does.
	Blackhole
)

// A Fault breaks or delays a connection at a chosen message.
type Fault struct {
	// Match selects the messages. It is called by the goroutines of all connections and
	// must not wait for the proxy. Nil selects every message.
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

// AtCommit matches a client's COMMIT or END: in a Query, alone or among other
// statements, or in the Execute of a prepared statement.
func AtCommit(m Message) bool {
	return runs(m) && slices.ContainsFunc(strings.Split(m.SQL, ";"), func(statement string) bool {
		words := strings.Fields(strings.ToLower(statement))
		return len(words) > 0 && (words[0] == "commit" || words[0] == "end") && !slices.Contains(words, "prepared")
	})
}

// AtStatement returns a Match for the Query or Execute of statements that contain text,
// in any case.
func AtStatement(text string) func(Message) bool {
	text = strings.ToLower(text)
	return func(m Message) bool { return runs(m) && strings.Contains(strings.ToLower(m.SQL), text) }
}

// runs reports whether the message makes the server run a statement.
func runs(m Message) bool { return m.Frontend && (m.Type == 'Q' || m.Type == 'E') }

// An Injection is an active fault.
type Injection struct {
	fault    Fault
	proxy    *Proxy
	released chan struct{}

	mu      sync.Mutex
	claimed int           // messages that the fault acts on, or will at their response
	fired   int           // claimed messages that it has acted on
	changed chan struct{} // closed when fired is incremented
}

// Inject activates a fault for later messages. If several faults match a message, the
// oldest one acts.
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

// Await waits until the fault has acted, or begun to, n times, or returns the context's
// error.
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

// Release ends the fault: a stalled message continues, and no further message matches.
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
	return !i.spent(1) // a message of another connection may have been first
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

// fire records that the fault acts.
func (i *Injection) fire() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fired++
	close(i.changed)
	i.changed = make(chan struct{})
}
