package main

import (
	"cmp"
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
	"commitment/internal/schemakit"
)

const (
	scaleSuite    = "scale"
	scaleDatabase = "bench_scale"
	// scaleRound is how long each number of clients is measured.
	scaleRound = 3 * time.Second
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
	loads map[string][]scaledLoad // by kind of request, one for each of scaleClients
	bulk  []*bulkWork
	held  heldMemory
}

// scaledLoad is what so many clients have measured.
type scaledLoad struct {
	sample

	refused, failed int     // responses of 503 with Retry-After, and all others that are unexpected
	cpu, serverCPU  float64 // microseconds of the service and of PostgreSQL for a request
}

// measureScale measures the service with many clients, many rows and many responses.
func measureScale(ctx context.Context, db *database, pool int) (*scaled, error) {
	s := &scaled{pool: pool, loads: map[string][]scaledLoad{}}
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
		w := &scaleWorks[i]
		for _, n := range scaleClients {
			l, err := loadWith(ctx, db, child, n, w)
			if err != nil {
				return nil, fmt.Errorf("%s, %d clients: %w", w.name, n, err)
			}
			s.loads[w.name] = append(s.loads[w.name], l)
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

// loadWith has n clients send requests, each the next one once it has the response.
func loadWith(ctx context.Context, db *database, service *child, n int, w *work) (l scaledLoad, err error) {
	clients := make([]*client, n)
	for i := range clients {
		if clients[i], err = dial(ctx, service.addr, uint64(i)); err != nil { //nolint:gosec // a small number
			return l, err
		}
		defer func() { _ = clients[i].conn.Close() }()
	}
	if _, err := loopRefused(clients, w, warmUp); err != nil {
		return l, err
	}
	serverBefore, err := db.serverCPU(ctx, scaleDatabase)
	if err != nil {
		return l, err
	}
	before := cpuTime(service.cmd.Process.Pid)
	if l, err = loopRefused(clients, w, scaleRound); err != nil {
		return l, err
	}
	l.cpu = perRequest(cpuTime(service.cmd.Process.Pid)-before, l.took)
	server, err := db.serverCPU(ctx, scaleDatabase)
	l.serverCPU = perRequest(server-serverBefore, l.took)
	return l, err
}

// loopRefused is closedLoop for a service that may refuse.
func loopRefused(clients []*client, w *work, duration time.Duration) (l scaledLoad, err error) {
	var mu sync.Mutex
	var running sync.WaitGroup
	start := time.Now()
	for _, c := range clients {
		running.Go(func() {
			var own scaledLoad
			var failed error
			for failed == nil && time.Since(start) < duration {
				var r response
				if r, failed = c.exchange(w); failed != nil {
					break
				}
				switch {
				case r.status == w.status:
					own.took = append(own.took, r.took)
				case r.status == http.StatusServiceUnavailable && r.retryAfter:
					own.refused++
				default:
					own.failed++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			l.took, l.refused, l.failed = append(l.took, own.took...), l.refused+own.refused, l.failed+own.failed
			err = errors.Join(err, failed)
		})
	}
	running.Wait()
	l.rate = float64(len(l.took)) / time.Since(start).Seconds()
	slices.Sort(l.took)
	return l, err
}

// peak is the greatest throughput.
func peak(loads []scaledLoad) float64 {
	return slices.MaxFunc(loads, func(a, b scaledLoad) int { return cmp.Compare(a.rate, b.rate) }).rate
}

// reached reports whether the load met its aims.
func (l scaledLoad) reached(peak float64) bool {
	return l.rate >= scaleShare*peak && l.tail() <= scaleTail && l.failed == 0
}

// tail is p99 in times of p50.
func (l scaledLoad) tail() float64 {
	return float64(percentile(l.took, 0.99)) / float64(percentile(l.took, 0.5))
}

// writeScale writes what the suite has found.
func writeScale(p *markdown.Printer, s *scaled) {
	if s == nil {
		return
	}
	p.Line("\n# Scale\n\n## Many clients\n")
	p.Line("The service itself, with its middleware and its ledger, a pool of %d and clients in a closed loop. The aims: at least %.2f of the peak's", s.pool, scaleShare)
	p.Line("throughput, p99 at most %d times p50, and no response but the expected one and 503 with Retry-After.\n", scaleTail)
	p.Line("| request | clients | req/s | of the peak | CPU µs | PostgreSQL's CPU µs | p50 ms | p99 ms | p99 / p50 | refused (503) | other failures | |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|")
	for _, w := range scaleWorks {
		loads := s.loads[w.name]
		top := peak(loads)
		for i, l := range loads {
			verdict := "missed"
			if l.reached(top) {
				verdict = "reached"
			}
			p.Line("| %s | %d | %.0f | %.2f | %.0f | %.0f | %s | %s | %.1f | %d | %d | %s |", w.title, scaleClients[i], l.rate, l.rate/top, l.cpu, l.serverCPU,
				formatLatency(percentile(l.took, 0.5)), formatLatency(percentile(l.took, 0.99)), l.tail(), l.refused, l.failed, verdict)
		}
	}
	writeBulk(p, s.bulk)
	s.held.write(p)
}
