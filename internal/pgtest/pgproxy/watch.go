package pgproxy

import (
	"slices"
	"sync"
)

// watch is what inspects messages. Without one, messages are only counted.
type watch struct {
	faults      []*Injection
	transcripts []*Transcript
}

// watch changes what inspects messages. It replaces the watch in use instead of
// changing it, so that it can be read without a lock.
func (p *Proxy) watch(change func(*watch)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := &watch{}
	if old := p.watched.Load(); old != nil {
		next.faults, next.transcripts = slices.Clone(old.faults), slices.Clone(old.transcripts)
	}
	change(next)
	if len(next.faults)+len(next.transcripts) == 0 {
		next = nil
	}
	p.watched.Store(next)
}

// see records the message and returns the fault that acts on it, or nil.
func (w *watch) see(m Message) *Injection {
	for _, t := range w.transcripts {
		t.add(m)
	}
	for _, i := range w.faults {
		if i.claim(m) {
			return i
		}
	}
	return nil
}

// A Transcript is the messages of all connections, in the order in which they were due
// to be forwarded. It includes messages that a fault then held back.
type Transcript struct {
	proxy    *Proxy
	mu       sync.Mutex
	messages []Message
}

// Record begins a transcript.
func (p *Proxy) Record() *Transcript {
	t := &Transcript{proxy: p}
	p.watch(func(w *watch) { w.transcripts = append(w.transcripts, t) })
	return t
}

// Stop ends the transcript, which stays readable.
func (t *Transcript) Stop() {
	t.proxy.watch(func(w *watch) {
		w.transcripts = slices.DeleteFunc(w.transcripts, func(other *Transcript) bool { return other == t })
	})
}

// Messages returns what has been recorded so far.
func (t *Transcript) Messages() []Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.messages)
}

// Flights returns the clients' messages in flights: those of one connection between two
// waits for a response. They are in the order of their first messages.
func (t *Transcript) Flights() [][]Message {
	type flight struct{ conn, trip int }
	var flights [][]Message
	index := map[flight]int{}
	for _, m := range t.Messages() {
		if !m.Frontend {
			continue
		}
		key := flight{m.Conn, m.Trip}
		at, begun := index[key]
		if !begun {
			at = len(flights)
			index[key] = at
			flights = append(flights, nil)
		}
		flights[at] = append(flights[at], m)
	}
	return flights
}

func (t *Transcript) add(m Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.messages = append(t.messages, m)
}
