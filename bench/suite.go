package main

import (
	"slices"
	"strings"
	"time"
)

// suite is a comparison of peers that do the same work.
type suite struct {
	name  string
	title string
	// about is a sentence for the report.
	about     string
	peers     []*peer
	reference string // the peer that all others are compared with
	works     []work
	// delays are added to each round trip between a peer and PostgreSQL. At zero there is
	// no proxy.
	delays []time.Duration
	aims   []aim
}

var suites = []*suite{&transactions, &resources}

// selectPeers returns the suite's peers in a list of names, which always include the
// reference; all peers for an empty list.
func (s *suite) selectPeers(names string) []*peer {
	if names == "" {
		return s.peers
	}
	wanted := append(strings.Split(names, ","), s.reference)
	return slices.DeleteFunc(slices.Clone(s.peers), func(p *peer) bool { return !slices.Contains(wanted, p.name) })
}
