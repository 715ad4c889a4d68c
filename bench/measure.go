package main

import (
	"context"
	"fmt"
	"log"
	"slices"
	"time"

	"commitment/bench/internal/process"
	"commitment/internal/pgtest/pgproxy"
)

const (
	// warmUp is how long requests are sent before each cell is measured.
	warmUp = 300 * time.Millisecond
	// countDelay separates the round trips before the response from those after it.
	countDelay = 5 * time.Millisecond
	// countedRequests is the number of requests whose round trips are counted.
	countedRequests = 15
)

// cell identifies a measurement: the kind of request, the delay and the peer.
type cell struct {
	work  string
	delay time.Duration
	peer  string
}

// cellResult is the result of a cell.
type cellResult struct {
	rates []float64 // of each round
	cpu   []float64 // of each round: microseconds of the peer's process for a request
	took  []time.Duration

	serverCPU []float64 // of each round: microseconds of PostgreSQL's sessions for a request
}

// trips are the round trips of a request.
type trips struct{ total, beforeResponse int }

// runningPeer is a peer that is being measured.
type runningPeer struct {
	peer    *peer
	child   *child
	proxy   *pgproxy.Proxy // nil without a delay
	clients []*client
}

// measure fills the results.
func (r *results) measure(ctx context.Context, db *database) error {
	r.cells, r.dialed = map[cell]*cellResult{}, map[cell]int{}
	r.trips, r.allocs = map[cell]trips{}, map[cell]allocations{}
	if len(r.delays) > 1 {
		if err := r.checkDelays(ctx, db); err != nil {
			return err
		}
	}
	if err := r.measureAllocs(ctx, db); err != nil {
		return err
	}
	if err := r.countTrips(ctx, db); err != nil {
		return err
	}
	for _, delay := range r.delays {
		log.Printf("%s: %v added", r.name, delay)
		if err := r.measureDelay(ctx, db, delay); err != nil {
			return err
		}
	}
	return nil
}

// measureAllocs counts the allocations of the peers in Go.
func (r *results) measureAllocs(ctx context.Context, db *database) error {
	for _, p := range r.peers {
		if p.open == nil {
			continue
		}
		url, err := db.create(ctx, "bench_allocs_"+p.name)
		if err != nil {
			return err
		}
		h, err := p.open(url, r.settings.pool)
		if err != nil {
			return err
		}
		for i := range r.works {
			a, err := countAllocs(h, &r.works[i])
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			r.allocs[cell{work: r.works[i].name, peer: p.name}] = a
		}
	}
	return nil
}

// countTrips counts the round trips of a request, and those before its response.
func (r *results) countTrips(ctx context.Context, db *database) error {
	for _, p := range r.peers {
		l, err := r.open(ctx, db, p, countDelay)
		if err != nil {
			return err
		}
		for i := range r.works {
			t, err := l.count(ctx, &r.works[i])
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			r.trips[cell{work: r.works[i].name, peer: p.name}] = t
		}
		l.close()
	}
	return nil
}

// count returns medians, so that a connection that has yet to prepare a statement
// doesn't matter.
func (l *runningPeer) count(ctx context.Context, w *work) (trips, error) {
	if _, err := closedLoop(l.clients, w, warmUp); err != nil {
		return trips{}, err
	}
	var total, waited []int
	for range countedRequests {
		if err := settle(ctx); err != nil { // wait for what follows the last response
			return trips{}, err
		}
		before := l.proxy.Stats().RoundTrips
		if _, err := l.clients[0].do(w); err != nil {
			return trips{}, err
		}
		waited = append(waited, l.proxy.Stats().RoundTrips-before)
		if err := settle(ctx); err != nil {
			return trips{}, err
		}
		total = append(total, l.proxy.Stats().RoundTrips-before)
	}
	return trips{total: median(total), beforeResponse: median(waited)}, nil
}

// settle waits until no message is in flight. Only the peer knows when that is, so it
// is a fixed time.
func settle(ctx context.Context) error {
	select {
	case <-time.After(3 * countDelay):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// measureDelay measures all peers at one delay, while all of them run.
func (r *results) measureDelay(ctx context.Context, db *database, delay time.Duration) error {
	var lanes []*runningPeer
	defer func() {
		for _, l := range lanes {
			l.close()
		}
	}()
	for _, p := range r.peers {
		l, err := r.open(ctx, db, p, delay)
		if err != nil {
			return err
		}
		lanes = append(lanes, l)
	}
	for i := range r.works {
		if err := r.measureWork(ctx, db, lanes, &r.works[i], delay); err != nil {
			return err
		}
	}
	for _, l := range lanes {
		l.child.stop()
		n, err := db.connectionsOpened(ctx, databaseOf(l.peer))
		if err != nil {
			return err
		}
		r.dialed[cell{delay: delay, peer: l.peer.name}] = n
	}
	return nil
}

// measureWork lets the peers take turns, in another order in each round.
func (r *results) measureWork(ctx context.Context, db *database, lanes []*runningPeer, w *work, delay time.Duration) error {
	for _, l := range lanes {
		if _, err := closedLoop(l.clients, w, warmUp); err != nil {
			return fmt.Errorf("%s: %w", l.peer.name, err)
		}
	}
	for round := range r.settings.rounds {
		for i := range lanes {
			if err := ctx.Err(); err != nil {
				return err
			}
			l := lanes[(i+round)%len(lanes)]
			key := cell{work: w.name, delay: delay, peer: l.peer.name}
			if r.cells[key] == nil {
				r.cells[key] = &cellResult{}
			}
			if err := r.cells[key].measureRound(ctx, db, l, w, r.settings.duration/time.Duration(r.settings.rounds)); err != nil {
				return fmt.Errorf("%s: %w", l.peer.name, err)
			}
		}
	}
	for _, l := range lanes {
		slices.Sort(r.cells[cell{work: w.name, delay: delay, peer: l.peer.name}].took)
	}
	return nil
}

// measureRound measures a round of a cell.
func (m *cellResult) measureRound(ctx context.Context, db *database, l *runningPeer, w *work, duration time.Duration) error {
	pid := l.child.cmd.Process.Pid
	serverBefore, err := db.serverCPU(ctx, databaseOf(l.peer))
	if err != nil {
		return err
	}
	before := process.CPUTime(pid)
	s, err := closedLoop(l.clients, w, duration)
	if err != nil {
		return err
	}
	cpu := process.CPUTime(pid) - before
	server, err := db.serverCPU(ctx, databaseOf(l.peer))
	if err != nil {
		return err
	}
	m.rates, m.took = append(m.rates, s.rate), append(m.took, s.took...)
	m.cpu, m.serverCPU = append(m.cpu, perRequest(cpu, s.took)), append(m.serverCPU, perRequest(server-serverBefore, s.took))
	return nil
}

// perRequest returns the microseconds of a time for each of the requests.
func perRequest(spent time.Duration, requests []time.Duration) float64 {
	return float64(spent.Microseconds()) / float64(len(requests))
}

func databaseOf(p *peer) string { return "bench_" + p.name }

// open starts a peer on a database of its own.
func (r *results) open(ctx context.Context, db *database, p *peer, delay time.Duration) (_ *runningPeer, err error) {
	url, err := db.create(ctx, databaseOf(p))
	if err != nil {
		return nil, err
	}
	l := &runningPeer{peer: p}
	if delay > 0 {
		if l.proxy, err = startProxy(ctx, url, delay); err != nil {
			return nil, err
		}
		url = l.proxy.URL()
	}
	if l.child, err = startChild(ctx, p, url, r.settings.pool); err != nil {
		return nil, err
	}
	for i := range r.settings.clients {
		c, err := dial(ctx, l.child.addr, uint64(i))
		if err != nil {
			l.close()
			return nil, err
		}
		l.clients = append(l.clients, c)
	}
	return l, nil
}

// startProxy starts a proxy that adds to the time of each round trip to a server.
func startProxy(ctx context.Context, serverURL string, rtt time.Duration) (*pgproxy.Proxy, error) {
	p, err := pgproxy.Start(ctx, serverURL)
	if err != nil {
		return nil, fmt.Errorf("start the proxy: %w", err)
	}
	p.SetRTT(rtt)
	return p, nil
}

func (l *runningPeer) close() {
	for _, c := range l.clients {
		_ = c.conn.Close()
	}
	l.child.stop()
	if l.proxy != nil {
		l.proxy.Close()
	}
}
