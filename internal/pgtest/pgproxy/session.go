package pgproxy

import (
	"net"
	"sync"
	"sync/atomic"
)

// session is a client's connection with its connection to the server.
type session struct {
	proxy  *Proxy
	id     int
	client *net.TCPConn
	done   chan struct{} // closed when the session has ended
	muted  atomic.Bool   // nothing of the server is forwarded any more

	mu       sync.Mutex
	server   *net.TCPConn // nil until it is dialed
	ended    bool
	exchange exchange
	// What is counted since the last reset.
	traffic   Traffic
	made      bool // its first ReadyForQuery has arrived
	canceling bool // it is for a CancelRequest
}

func newSession(p *Proxy, id int, client *net.TCPConn) *session {
	return &session{proxy: p, id: id, client: client, done: make(chan struct{}), exchange: newExchange()}
}

// run forwards both directions until both streams end, or the session does.
func (s *session) run() {
	defer s.end(Cut)
	packet, err := readStartup(s.client)
	if err != nil {
		return
	}
	server, err := s.dial()
	if err != nil {
		s.end(Reset)
		return
	}
	frontend := newPipe(s, true, s.client, server)
	backend := newPipe(s, false, server, s.client)
	frontend.begin(packet)
	var running sync.WaitGroup
	running.Go(frontend.read)
	running.Go(frontend.run)
	running.Go(backend.read)
	running.Go(backend.run)
	running.Wait()
}

// dial connects to the server.
func (s *session) dial() (*net.TCPConn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(s.proxy.ctx, "tcp", s.proxy.target.Load().address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	server := conn.(*net.TCPConn)
	if s.ended {
		hangUp(server, Cut)
		return nil, errEnded
	}
	s.server = server
	return server, nil
}

// end closes both connections, with RST if how is Reset, and reports whether they were
// open.
func (s *session) end(how Action) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.ended = true
	close(s.done)
	hangUp(s.client, how)
	if s.server != nil {
		hangUp(s.server, how)
	}
	return true
}

// hangUp closes a connection, with RST if how is Reset.
func hangUp(conn *net.TCPConn, how Action) {
	if how == Reset {
		_ = conn.SetLinger(0) // fails if it is reset already
	}
	_ = conn.Close()
}

// event is what to do about a message.
type event struct {
	// fault acts on the message itself.
	fault *Injection
	// awaited acts at the end of the response that the message belongs to.
	awaited *Injection
	ends    bool
}

// heard counts and records a message of the client, and returns what to do about it.
func (s *session) heard(f frame) event {
	// Only this goroutine prepares statements, so their texts need no lock, and
	// a Match may ask the proxy for its counts.
	fault := s.show(true, f, s.trips())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exchange.ready {
		s.traffic.FrontendMessages++
	}
	if f.kind == startupKind {
		s.canceling = startupCode(f.bytes) == cancelCode
		return event{fault: fault}
	}
	if fault != nil && fault.fault.Moment == Answered {
		s.exchange.client(f, fault)
		return event{}
	}
	s.exchange.client(f, nil)
	return event{fault: fault}
}

// answered is heard for a message of the server.
func (s *session) answered(f frame) event {
	s.mu.Lock()
	x := &s.exchange
	ready, trips := x.ready, x.trips
	request, ends := x.server(f.kind)
	if ready {
		s.traffic.BackendMessages++
		s.traffic.RoundTrips += x.trips - trips
	}
	s.made = s.made || x.ready && !ready
	s.mu.Unlock()
	return event{fault: s.show(false, f, trips), awaited: request.fault, ends: ends}
}

// show records the message in transcripts, and returns the fault that acts on it.
func (s *session) show(frontend bool, f frame, trip int) *Injection {
	w := s.proxy.watched.Load()
	if w == nil {
		return nil
	}
	m := Message{Conn: s.id, Trip: trip, Frontend: frontend, Type: f.kind, Name: name(frontend, f)}
	if frontend {
		m.SQL = s.exchange.text(f)
	} else {
		m.Detail = detail(f)
	}
	return w.see(m)
}

// trips returns how many round trips the session has made.
func (s *session) trips() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exchange.trips
}
