package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"commitment/bench/internal/markdown"
	"commitment/bench/internal/process"
	"commitment/internal/schemakit"
)

const (
	scaleSuite    = "scale"
	scaleDatabase = "bench_scale"
	// scaleRound is how long each number of clients is measured, in each of scaleRounds. All
	// of them send requests for as long before it: some of a thousand wait that long.
	scaleRound, scaleRounds = time.Second, 3
	// scaleShare is the least throughput, of the peak's, and scaleTail the most of p99 in
	// times of p50.
	scaleShare, scaleTail = 0.9, 5
)

// scaleClients are the numbers of clients.
var scaleClients = []int{8, 64, 256, 1000}

// scaleWorks are requests to the service itself: it is the one that refuses.
var scaleWorks = []work{
	{
		name: "read", title: "Read an account", status: http.StatusOK,
		method: http.MethodGet,
		path:   resourcePath,
	},
	{
		name: "transfer", title: "A transfer of the ledger", status: http.StatusCreated,
		method: http.MethodPost,
		path:   func(*rand.Rand) string { return "/v1/transfers" },
		body: func(r *rand.Rand) string {
			from := r.IntN(accounts)
			to := (from + 1 + r.IntN(accounts-1)) % accounts
			return fmt.Sprintf(`{"from":%q,"to":%q,"amount":%d,"memo":"rent"}`, accountID(from), accountID(to), 1+r.IntN(100))
		},
	},
}

// scaleFixture are transfers, so that PostgreSQL has statistics of them: plans that are made
// for empty tables read all of their rows until the first ANALYZE.
var scaleFixture = []string{
	`SET session_replication_role = replica`, // without the triggers
	fmt.Sprintf(`INSERT INTO transfers (id, tenant_id, created_at, amount, memo)
		SELECT ('7f000000-0000-0000-0000-00000000' || lpad(to_hex(n), 4, '0'))::uuid, '%s', now(), 1, 'rent' FROM generate_series(0, 9999) n`, tenant),
	fmt.Sprintf(`INSERT INTO entries (id, tenant_id, created_at, transfer_id, account_id, amount)
		SELECT gen_random_uuid(), '%s', now(), ('7f000000-0000-0000-0000-00000000' || lpad(to_hex(n), 4, '0'))::uuid,
			('ac000000-0000-0000-0000-00000000' || lpad(to_hex((n + side) %% %d), 4, '0'))::uuid, 2 * side - 1
		FROM generate_series(0, 9999) n, generate_series(0, 1) side`, tenant, accounts),
	`VACUUM ANALYZE`,
}

// scaled is what the scale suite has found.
type scaled struct {
	pool  int
	loads map[string][]*scaledLoad // by kind of request, one for each of scaleClients
	bulk  []*bulkWork
	held  heldMemory
}

// scaledLoad is what so many clients have measured.
type scaledLoad struct {
	rates, cpu, serverCPU []float64       // of each round; microseconds of the service and of PostgreSQL for a request
	took                  []time.Duration // of all rounds
	refused, failed       int             // responses of 503 with Retry-After, and all others that are unexpected
}

// measureScale measures the service with many clients, many rows and many responses.
func measureScale(ctx context.Context, db *database, pool int) (*scaled, error) {
	s := &scaled{pool: pool, loads: map[string][]*scaledLoad{}}
	owner, err := db.create(ctx, scaleDatabase)
	if err != nil {
		return nil, err
	}
	if err := db.exec(ctx, scaleDatabase, scaleFixture...); err != nil {
		return nil, err
	}
	service, err := peerNamed(generated)
	if err != nil {
		return nil, err
	}
	child, err := startChild(ctx, service, asService(owner), pool)
	if err != nil {
		return nil, err
	}
	defer child.stop()
	for i := range scaleWorks {
		if s.loads[scaleWorks[i].name], err = measureLoads(ctx, db, child, &scaleWorks[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", scaleWorks[i].name, err)
		}
	}
	if s.bulk, err = measureBulk(ctx, owner, pool); err != nil {
		return nil, err
	}
	s.held, err = measureHeld(ctx, owner, pool)
	return s, err
}

// asService returns the URL of a database for the role of the service: the policies that
// hold it let PostgreSQL use the indexes of a tenant's rows.
func asService(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		panic(err) // it is ours
	}
	q := u.Query()
	q.Set("role", schemakit.AppRole)
	u.RawQuery = q.Encode()
	return u.String()
}

// measureLoads measures requests of each number of clients, which take turns.
func measureLoads(ctx context.Context, db *database, service *child, w *work) ([]*scaledLoad, error) {
	var clients []*client
	defer func() {
		for _, c := range clients {
			_ = c.conn.Close()
		}
	}()
	loads := make([]*scaledLoad, len(scaleClients))
	for i := range loads {
		loads[i] = &scaledLoad{}
	}
	for range scaleRounds {
		for i, n := range scaleClients {
			for len(clients) < n { // the service closes connections that send nothing
				c, err := dial(ctx, service.addr, uint64(len(clients)))
				if err != nil {
					return nil, err
				}
				clients = append(clients, c)
			}
			if err := loads[i].measure(ctx, db, service, w, clients[:n]); err != nil {
				return nil, fmt.Errorf("%d clients: %w", n, err)
			}
		}
	}
	for _, l := range loads {
		slices.Sort(l.took)
	}
	return loads, nil
}

// measure measures a round.
func (l *scaledLoad) measure(ctx context.Context, db *database, service *child, w *work, clients []*client) error {
	m := &meter{work: w, load: l}
	var running sync.WaitGroup
	for _, c := range clients {
		running.Go(func() { m.run(c) })
	}
	<-time.After(scaleRound)
	serverBefore, beforeErr := db.serverCPU(ctx, scaleDatabase)
	counted, before := len(l.took), process.CPUTime(service.cmd.Process.Pid)
	m.set(measuring)
	<-time.After(scaleRound)
	m.set(stopped)
	cpu := process.CPUTime(service.cmd.Process.Pid) - before
	server, err := db.serverCPU(ctx, scaleDatabase)
	running.Wait()
	requests := l.took[counted:]
	l.rates = append(l.rates, float64(len(requests))/scaleRound.Seconds())
	l.cpu, l.serverCPU = append(l.cpu, perRequest(cpu, requests)), append(l.serverCPU, perRequest(server-serverBefore, requests))
	return errors.Join(beforeErr, err, m.err)
}

// meter counts the responses while it measures: requests are under way before and after.
type meter struct {
	work *work
	load *scaledLoad

	mu    sync.Mutex
	phase meterPhase
	err   error
}

type meterPhase int

const (
	warming meterPhase = iota
	measuring
	stopped
)

func (m *meter) set(phase meterPhase) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase = phase
}

// run has a client send requests until the meter is stopped.
func (m *meter) run(c *client) {
	for {
		r, err := c.exchange(m.work)
		if !m.count(r, err) {
			return
		}
	}
}

// count counts a response, and reports whether there is to be another request.
func (m *meter) count(r response, err error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err != nil:
		m.err = errors.Join(m.err, err)
		return false
	case m.phase != measuring:
	case r.status == m.work.status:
		m.load.took = append(m.load.took, r.took)
	case r.status == http.StatusServiceUnavailable && r.retryAfter:
		m.load.refused++
	default:
		m.load.failed++
	}
	return m.phase != stopped
}

// share is the throughput of the i-th load, of the greatest one in the same round.
func share(loads []*scaledLoad, i int) float64 {
	peak := make([]float64, len(loads[i].rates))
	for _, l := range loads {
		for round, rate := range l.rates {
			peak[round] = max(peak[round], rate)
		}
	}
	return medianRatio(loads[i].rates, peak)
}

// tail is p99 in times of p50.
func (l *scaledLoad) tail() float64 {
	return float64(percentile(l.took, 0.99)) / float64(percentile(l.took, 0.5))
}

// writeScale writes what the suite has found.
func writeScale(p *markdown.Printer, s *scaled) {
	if s == nil {
		return
	}
	p.Line("\n# Scale\n\n## Many clients\n")
	p.Line("The service itself, with its middleware and its ledger, a pool of %d and clients in a closed loop, which take turns in %d rounds. The aims: at least", s.pool, scaleRounds)
	p.Line("%.2f of the greatest throughput of a round, p99 at most %d times p50, and no response but the expected one and 503 with Retry-After.\n", scaleShare, scaleTail)
	p.Line("| request | clients | req/s | of the peak | CPU µs | PostgreSQL's CPU µs | p50 ms | p99 ms | p99 / p50 | refused (503) | other failures | |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|")
	for _, w := range scaleWorks {
		loads := s.loads[w.name]
		for i, l := range loads {
			verdict := "missed"
			if share(loads, i) >= scaleShare && l.tail() <= scaleTail && l.failed == 0 {
				verdict = "reached"
			}
			p.Line("| %s | %d | %.0f | %.2f | %.0f | %.0f | %s | %s | %.1f | %d | %d | %s |", w.title, scaleClients[i],
				median(slices.Clone(l.rates)), share(loads, i), median(slices.Clone(l.cpu)), median(slices.Clone(l.serverCPU)),
				formatLatency(percentile(l.took, 0.5)), formatLatency(percentile(l.took, 0.99)), l.tail(), l.refused, l.failed, verdict)
		}
	}
	writeBulk(p, s.bulk)
	s.held.write(p)
}
