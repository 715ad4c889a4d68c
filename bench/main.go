// Command bench compares the request transaction with its peers: the same HTTP requests
// on the same PostgreSQL, each peer written as its users would and in a process of its
// own. It is a module of its own, so that the peers never appear in the service's
// go.mod.
//
// Clients, proxies and PostgreSQL share the machine with the peer that is measured, so
// compare the rows of one run, not runs of two machines. Peers take turns in short
// rounds, and ratios are taken within a round, so that a disturbance of the machine
// affects all peers alike.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"commitment/bench/internal/markdown"
)

// settings are the settings of a run.
type settings struct {
	duration time.Duration // of each cell, all rounds together
	rounds   int
	clients  int
	pool     int // connections of each peer
	out      string
	suites   string // separated by commas; empty means all
	peers    string // separated by commas; empty means all
}

// wants reports whether a suite is measured.
func (s settings) wants(suite string) bool {
	return s.suites == "" || slices.Contains(strings.Split(s.suites, ","), suite)
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	if err := measureOrServe(); err != nil {
		log.Fatal(err)
	}
}

// measureOrServe does what the command line asks.
func measureOrServe() error {
	var s settings
	var serve, url string
	flag.DurationVar(&s.duration, "duration", 2*time.Second, "time of each cell: one peer, one kind of request, one delay")
	flag.IntVar(&s.rounds, "rounds", 10, "rounds in which the peers take turns")
	flag.IntVar(&s.clients, "clients", 8, "clients, each of which waits for its response")
	flag.IntVar(&s.pool, "pool", 15, "connections in each peer's pool")
	flag.StringVar(&s.out, "out", "", "file for the results; standard output when empty")
	flag.StringVar(&s.suites, "suites", "", "suites to measure, of transactions, resources, pages, tokens, tenants, jobs, scale and replicas, separated by commas; all when empty")
	flag.StringVar(&s.peers, "peers", "", "peers to measure, separated by commas; all when empty")
	flag.StringVar(&serve, "serve", "", "serve as this peer (for child processes)")
	flag.StringVar(&url, "url", "", "URL of the database to serve from")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if serve != "" {
		return serveAs(serve, url, s.pool)
	}
	return run(ctx, s)
}

// run measures and reports.
func run(ctx context.Context, s settings) error {
	start := time.Now()
	db, err := startDatabase(ctx)
	if err != nil {
		return err
	}
	defer db.stop()
	r := &report{settings: s, start: start}
	for _, suite := range suites {
		if !s.wants(suite.name) {
			continue
		}
		found := &results{suite: suite, settings: s}
		for _, p := range suite.selectPeers(s.peers) {
			if ok, why := p.checkAvailable(); !ok {
				found.skipped = append(found.skipped, p.title+": "+why)
				continue
			}
			found.peers = append(found.peers, p)
		}
		if err := found.measure(ctx, db); err != nil {
			return err
		}
		r.suites = append(r.suites, found)
	}
	if s.wants(pagesSuite) {
		log.Print("pages")
		if r.pages, err = measurePages(ctx, db); err != nil {
			return err
		}
	}
	if s.wants(tokensSuite) {
		log.Print("tokens")
		if r.tokens, err = measureTokens(ctx, db); err != nil {
			return err
		}
	}
	if s.wants(tenantsSuite) {
		log.Print("tenants")
		if r.tenants, err = measureTenants(ctx, db); err != nil {
			return err
		}
	}
	if s.wants(jobsSuite) {
		log.Print("jobs")
		if r.jobs, err = measureJobs(ctx, db); err != nil {
			return err
		}
	}
	if s.wants(scaleSuite) {
		log.Print("scale")
		if r.scale, err = measureScale(ctx, db, s.pool); err != nil {
			return err
		}
	}
	if s.wants(replicasSuite) {
		log.Print("replicas")
		if r.replicas, err = measureReplicas(); err != nil {
			return err
		}
	}
	r.took = time.Since(start)
	if err := r.describe(ctx, db); err != nil {
		return err
	}
	return markdown.Save(s.out, r.write)
}

// command returns the command line, as far as it is known.
func command() string {
	args := "go run ."
	if len(os.Args) > 1 {
		args += " " + strings.Join(os.Args[1:], " ")
	}
	return args
}
