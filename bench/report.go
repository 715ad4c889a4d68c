package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"commitment/bench/internal/markdown"
)

// report is what a run has found.
type report struct {
	settings settings
	start    time.Time
	took     time.Duration
	postgres string // version and settings
	suites   []*results
	pages    []pageResult
	tokens   []*credential
	tenants  []*tenantRead
	jobs     []*jobsMeasured
	scale    *scaled
	replicas []*replicated
}

// results are those of a suite.
type results struct {
	*suite
	settings settings
	peers    []*peer  // those that are measured
	skipped  []string // peers that can't be measured here, and why

	checks []proxyCheck
	cells  map[cell]*cellResult
	dialed map[cell]int         // by delay and peer
	trips  map[cell]trips       // by work and peer
	allocs map[cell]allocations // by work and peer
}

// describe queries the server's version and settings.
func (r *report) describe(ctx context.Context, db *database) error {
	text, err := queryValue[string](ctx, db, `SELECT string_agg(name || ' = ' || setting || coalesce(' ' || unit, ''), ', ' ORDER BY name)
		FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size')`)
	r.postgres = fmt.Sprintf("PostgreSQL %s (%s)", db.server.Version(), text)
	return err
}

// write writes the report in Markdown.
func (r *report) write(p *markdown.Printer) {
	p.Line("# Results\n")
	p.Line("Written by `make bench`; see the package comment of main.go for what is measured and how.\n")
	r.writeConditions(p)
	for _, s := range r.suites {
		s.write(p)
	}
	writePages(p, r.pages)
	writeTokens(p, r.tokens)
	writeTenants(p, r.tenants)
	writeJobs(p, r.jobs)
	writeScale(p, r.scale)
	writeReplicas(p, r.replicas)
}

func (r *results) write(p *markdown.Printer) {
	p.Line("\n# %s\n\n%s", r.title, r.about)
	r.writeAims(p)
	for i := range r.works {
		r.writeWork(p, &r.works[i])
	}
	r.writeTrips(p)
	r.writeAllocs(p)
	r.writeConnections(p)
	r.writeChecks(p)
}

func (r *report) writeConditions(p *markdown.Printer) {
	p.Line("| | |\n|---|---|")
	p.Line("| date | %s, %v |", r.start.UTC().Format("2006-01-02 15:04 UTC"), r.took.Round(time.Second))
	p.Line("| command | `%s` |", command())
	p.Line("| machine | %s, %d CPUs, %s/%s; clients, proxies, PostgreSQL and the peer share it |",
		markdown.Processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	p.Line("| database | %s; a database for each peer |", r.postgres)
	p.Line("| load | %d clients in a closed loop with keep-alive; pools of %d; %v for each cell in %d rounds, in which the peers take turns |",
		r.settings.clients, r.settings.pool, r.settings.duration, r.settings.rounds)
	p.Line("| versions | %s |", strings.Join(r.versions(), ", "))
	for _, s := range r.suites {
		for _, why := range s.skipped {
			p.Line("| left out | %s |", why)
		}
	}
	p.Line("\nfsync is off: a disk's latency differs from machine to machine, is the same for all peers, and hides their differences;")
	p.Line("COMMIT still writes its record and waits for it. Requests per second, CPU and ratios are medians of the rounds; a ratio is taken")
	p.Line("within a round, to the suite's reference. CPU is what the peer's process takes for a request, user and system, and PostgreSQL's that of its sessions. At 0 ms there is no proxy.")
}

// versions returns the versions of Go and of the peers' modules.
func (r *report) versions() []string {
	list := []string{runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return list
	}
	var peers []*peer
	for _, s := range r.suites {
		peers = append(peers, s.peers...)
	}
	for _, m := range info.Deps {
		if slices.ContainsFunc(peers, func(p *peer) bool { return slices.Contains(p.modules, m.Path) }) {
			list = append(list, m.Path+" "+m.Version)
		}
	}
	if slices.ContainsFunc(peers, func(p *peer) bool { return p.start != nil }) {
		list = append(list, pythonVersions())
	}
	return list
}

// found is what was measured of a cell; empty if nothing was.
func (r *results) found(work string, delay time.Duration, name string) *cellResult {
	if c := r.cells[cell{work, delay, name}]; c != nil {
		return c
	}
	return &cellResult{}
}

// formatRatio leaves out what isn't a number: a ratio to nothing.
func formatRatio(ratio float64, format string) string {
	if math.IsNaN(ratio) || math.IsInf(ratio, 0) {
		return "–"
	}
	return fmt.Sprintf(format, ratio)
}

// throughputRatio is the median of the ratios of a peer's rounds to the reference's.
func (r *results) throughputRatio(work string, delay time.Duration, name string) float64 {
	return medianRatio(r.found(work, delay, name).rates, r.found(work, delay, r.reference).rates)
}

// cpuRatio is that of the CPU of a request.
func (r *results) cpuRatio(work string, delay time.Duration, name string) float64 {
	return medianRatio(r.found(work, delay, name).cpu, r.found(work, delay, r.reference).cpu)
}

// allocsRatio is the ratio of a peer's allocations to the reference's.
func (r *results) allocsRatio(work, name string) float64 {
	return r.allocs[cell{work: work, peer: name}].objects / r.allocs[cell{work: work, peer: r.reference}].objects
}

// medianRatio is the median of the ratios within the rounds; not a number if one of the two
// wasn't measured.
func medianRatio(own, other []float64) float64 {
	if len(own) == 0 || len(own) != len(other) {
		return math.NaN()
	}
	ratios := make([]float64, len(own))
	for i := range ratios {
		ratios[i] = own[i] / other[i]
	}
	return median(ratios)
}

// peerTitle is the title of the peer of that name.
func (r *results) peerTitle(name string) string {
	for _, p := range r.suite.peers {
		if p.name == name {
			return p.title
		}
	}
	return name
}

// quantile returns a percentile of a cell's latency.
func (r *results) quantile(work string, delay time.Duration, name string, q float64) time.Duration {
	return percentile(r.found(work, delay, name).took, q)
}

// latencyRatio is the ratio of a percentile of a peer to the reference's.
func (r *results) latencyRatio(work string, delay time.Duration, name string, q float64) float64 {
	own, other := r.quantile(work, delay, name, q), r.quantile(work, delay, r.reference, q)
	if own == 0 {
		return math.NaN() // it wasn't measured
	}
	return float64(own) / float64(other)
}

func (r *results) writeWork(p *markdown.Printer, w *work) {
	two := func(ratio float64) string { return formatRatio(ratio, "%.2f") }
	p.Line("\n## %s\n", w.title)
	p.Line("| added | peer | req/s | ratio | CPU µs | ratio | PostgreSQL's CPU µs | ratio | p50 ms | ratio | p99 ms | ratio |")
	p.Line("|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, delay := range r.delays {
		for _, peer := range r.peers {
			n := peer.name
			c := r.cells[cell{w.name, delay, n}]
			p.Line("| %s | %s | %.0f | %s | %.0f | %s | %.0f | %s | %s | %s | %s | %s |",
				milliseconds(delay), peer.title,
				median(slices.Clone(c.rates)), two(r.throughputRatio(w.name, delay, n)),
				median(slices.Clone(c.cpu)), two(r.cpuRatio(w.name, delay, n)),
				median(slices.Clone(c.serverCPU)), two(medianRatio(c.serverCPU, r.found(w.name, delay, r.reference).serverCPU)),
				formatLatency(r.quantile(w.name, delay, n, 0.5)), two(r.latencyRatio(w.name, delay, n, 0.5)),
				formatLatency(r.quantile(w.name, delay, n, 0.99)), two(r.latencyRatio(w.name, delay, n, 0.99)))
		}
	}
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%g ms", float64(d)/1e6) }

func formatLatency(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/1e6) }

// table writes a table with a row for each peer and a column for each kind of request.
func (r *results) table(p *markdown.Printer, field func(work string, peer *peer) string) {
	head, rule := "| peer |", "|---|"
	for _, w := range r.works {
		head, rule = head+" "+w.name+" |", rule+"--:|"
	}
	p.Line("%s\n%s", head, rule)
	for _, peer := range r.peers {
		row := []string{peer.title}
		for _, w := range r.works {
			row = append(row, field(w.name, peer))
		}
		p.Line("| %s |", strings.Join(row, " | "))
	}
}

func (r *results) writeTrips(p *markdown.Printer) {
	p.Line("\n## Round trips of a request\n")
	p.Line("All of them, and those before its response; counted by the proxy, with statements prepared.\n")
	r.table(p, func(work string, peer *peer) string {
		t := r.trips[cell{work: work, peer: peer.name}]
		return fmt.Sprintf("%d, response after %d", t.total, t.beforeResponse)
	})
}

func (r *results) writeAllocs(p *markdown.Printer) {
	p.Line("\n## Allocations of a request\n")
	p.Line("Objects and kilobytes of the handler alone, in the reporting process, without net/http's server.\n")
	r.table(p, func(work string, peer *peer) string {
		a, ok := r.allocs[cell{work: work, peer: peer.name}]
		if !ok {
			return "–"
		}
		base := r.allocs[cell{work: work, peer: r.reference}]
		return fmt.Sprintf("%.0f, %.1f kB (%.2f)", a.objects, a.bytes/1024, a.objects/base.objects)
	})
}

func (r *results) writeConnections(p *markdown.Printer) {
	p.Line("\n## Connections opened\n")
	head, rule := "| peer |", "|---|"
	for _, delay := range r.delays {
		head, rule = head+" "+milliseconds(delay)+" |", rule+"--:|"
	}
	p.Line("For all kinds of requests together, counted by the server.\n\n%s\n%s", head, rule)
	for _, peer := range r.peers {
		row := []string{peer.title}
		for _, delay := range r.delays {
			row = append(row, strconv.Itoa(r.dialed[cell{delay: delay, peer: peer.name}]))
		}
		p.Line("| %s |", strings.Join(row, " | "))
	}
}

func (r *results) writeChecks(p *markdown.Printer) {
	if len(r.checks) == 0 {
		return
	}
	p.Line("\n## The proxy against its own setting\n")
	p.Line("An empty query on one connection, with nothing else running; and one result of 64 MB.\n")
	p.Line("| set | round trip p50 ms | p99 ms | added, p50 ms | MB/s |\n|---|--:|--:|--:|--:|")
	var base time.Duration
	for _, c := range r.checks {
		name, added := "no proxy", "–"
		if c.proxied {
			name = milliseconds(c.set)
			if c.set == 0 {
				base = c.p50
			}
			added = fmt.Sprintf("%.3f", float64(c.p50-base)/1e6)
		}
		p.Line("| %s | %.3f | %.3f | %s | %.0f |", name, float64(c.p50)/1e6, float64(c.p99)/1e6, added, c.throughput)
	}
}
