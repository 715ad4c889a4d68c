// Command migrations measures what becomes of migrations as a project grows old:
// a directory of many files, and a schema of many tables in few files, each
// planned, reviewed and applied by this project's packages and, where one is
// given, by a community build of the Atlas CLI on the same PostgreSQL. A row is
// one run of one command; ours run in this process, the CLI's each in its own.
//
// Everything is on one throwaway server, so the numbers are for comparing the
// columns of one run, not runs of two machines.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"commitment/bench/internal/markdown"
	"commitment/internal/pgserver"
)

// settings are what a run can be told.
type settings struct {
	files  int
	tables int
	atlas  string        // path of the CLI; empty leaves it out
	limit  time.Duration // of one command of the CLI
	out    string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("migrations: ")
	if err := start(); err != nil {
		log.Fatal(err)
	}
}

// start does what the command line says.
func start() error {
	var s settings
	flag.IntVar(&s.files, "files", 10_000, "files of the old directory; a tenth of them is measured, too")
	flag.IntVar(&s.tables, "tables", 2_000, "tables of the big schema")
	flag.StringVar(&s.atlas, "atlas", "", "path of a community build of the Atlas CLI; it is left out when empty")
	flag.DurationVar(&s.limit, "limit", 2*time.Minute, "time after which a command of the CLI is stopped")
	flag.StringVar(&s.out, "out", "", "file for the results; standard output when empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, s)
}

// run measures and reports.
func run(ctx context.Context, s settings) error {
	r := &results{settings: s, start: time.Now()}
	server, err := pgserver.Start(ctx, pgserver.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop(context.WithoutCancel(ctx)) }() // a throwaway
	r.postgres = server.Version()
	cli := atlas{path: s.atlas, limit: s.limit}
	if r.atlas, err = cli.version(ctx); err != nil {
		return err
	}
	for _, sc := range scenarios(s) {
		m, err := measure(ctx, server, cli, sc)
		if err != nil {
			return fmt.Errorf("%s: %w", sc.title, err)
		}
		r.measured = append(r.measured, m)
	}
	r.took = time.Since(r.start)
	return markdown.Save(s.out, r.write)
}
