package pgproxy

// Traffic is the traffic of one or several connections, without start-up and
// authentication.
type Traffic struct {
	// RoundTrips is how often the client has waited for a response, as defined in the
	// package comment.
	RoundTrips int
	// FrontendMessages and BackendMessages are the numbers of messages of the client
	// and of the server.
	FrontendMessages, BackendMessages int
}

func (t *Traffic) add(other Traffic) {
	t.RoundTrips += other.RoundTrips
	t.FrontendMessages += other.FrontendMessages
	t.BackendMessages += other.BackendMessages
}

// Stats are what the proxy has counted since it started or was last reset. The messages
// of a response are counted before its end is forwarded, so a client that has received
// it finds it counted.
type Stats struct {
	// Traffic is that of all connections.
	Traffic
	// Connections is how many connections reached their first ReadyForQuery.
	Connections int
	// Open is how many of these are open now.
	Open int
	// Cancels is the number of CancelRequests.
	Cancels int
	// ByConnection is the traffic of each connection with any, by [Message.Conn].
	ByConnection map[int]Traffic
}

// Stats returns what was counted.
func (p *Proxy) Stats() Stats {
	stats := Stats{ByConnection: map[int]Traffic{}}
	for _, s := range p.all() {
		s.addTo(&stats)
	}
	return stats
}

// Reset sets all counts to zero.
func (p *Proxy) Reset() {
	for _, s := range p.all() {
		if s.forget() {
			p.mu.Lock()
			delete(p.sessions, s.id)
			p.mu.Unlock()
		}
	}
}

// addTo adds the session to the counts.
func (s *session) addTo(stats *Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats.add(s.traffic)
	if s.traffic != (Traffic{}) {
		stats.ByConnection[s.id] = s.traffic
	}
	if s.made {
		stats.Connections++
	}
	if s.canceling {
		stats.Cancels++
	}
	if s.exchange.ready && !s.ended {
		stats.Open++
	}
}

// forget sets the session's counts to zero, and reports whether it has ended.
func (s *session) forget() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traffic, s.made, s.canceling = Traffic{}, false, false
	return s.ended
}
