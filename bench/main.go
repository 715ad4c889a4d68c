// Command bench measures the request transaction side by side with its peers:
// the same HTTP work on the same PostgreSQL, each peer written as its users write
// it and in a process of its own. It is a module of its own, so that the peers
// never enter the service's go.mod.
//
// Clients, proxies and PostgreSQL share the machine with the peer that is
// measured, so the numbers are for comparing the rows of one run, not runs of
// two machines. Peers take turns in short rounds, and ratios are taken round by
// round, so that what disturbs the machine disturbs all alike.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"commitment/bench/internal/markdown"
)

// settings are what a run can be told.
type settings struct {
	duration time.Duration // of each cell, all rounds together
	rounds   int
	clients  int
	pool     int // connections of each peer
	out      string
	only     string // peers, separated by commas; empty means all
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	if err := measureOrServe(); err != nil {
		log.Fatal(err)
	}
}

// measureOrServe does what the command line says.
func measureOrServe() error {
	var s settings
	var serve, url string
	flag.DurationVar(&s.duration, "duration", 2*time.Second, "time of each cell: one peer, one work, one delay")
	flag.IntVar(&s.rounds, "rounds", 10, "rounds in which the peers take turns")
	flag.IntVar(&s.clients, "clients", 8, "clients, each of which waits for its answer")
	flag.IntVar(&s.pool, "pool", 15, "connections in each peer's pool")
	flag.StringVar(&s.out, "out", "", "file for the results; standard output when empty")
	flag.StringVar(&s.only, "peers", "", "peers to measure, separated by commas; all when empty")
	flag.StringVar(&serve, "serve", "", "serve as this peer, as the parent process demands")
	flag.StringVar(&url, "url", "", "the database to serve from")
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
	r := &results{settings: s, start: start}
	for _, p := range chosen(s.only) {
		if ok, why := p.available(); !ok {
			r.left = append(r.left, p.title+": "+why)
			continue
		}
		r.peers = append(r.peers, p)
	}
	if err := r.measure(ctx, db); err != nil {
		return err
	}
	r.took = time.Since(start)
	if err := r.describe(ctx, db); err != nil {
		return err
	}
	return markdown.Save(s.out, r.write)
}

// command is what was typed, as far as it can be known.
func command() string {
	args := "go run ."
	if len(os.Args) > 1 {
		args += " " + strings.Join(os.Args[1:], " ")
	}
	return args
}
