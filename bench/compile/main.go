// Command compile measures what resources cost a build: a copy of the module gets many
// entities, first without [rest.Resource] and then with it. What the second has over the
// first is what resources add to Ent's own.
//
// The time is that of all processes of a command on all processors, user and system, since
// the machine's load changes it least. The names of the entities are new in each run, so
// nothing of them is in Go's cache, and all else is.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"commitment/bench/internal/markdown"
)

// settings are the settings of a run.
type settings struct {
	entities int
	serve    string
	out      string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("compile: ")
	var s settings
	flag.IntVar(&s.entities, "entities", 50, "entities, each of eight fields and two edges")
	flag.StringVar(&s.serve, "serve", "", "numbers of entities, separated by commas, with which the service is built and measured instead")
	flag.StringVar(&s.out, "out", "", "file for the results; standard output when empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// results are what a run has found.
type results struct {
	settings settings
	start    time.Time
	took     time.Duration
	// ent and resources are the same entities without and with resources.
	ent, resources costs
	// relinked is the second build of the first, with a change where resources are mounted.
	relinked time.Duration
	lines    int // of generated code for the resources
}

// costs are those of the entities.
type costs struct {
	generated   time.Duration // the first time
	regenerated time.Duration // again, without a change
	wall        time.Duration // of the latter, by the clock
	built       time.Duration
	bytes       int64 // of the binary
}

// run measures and reports.
func run(ctx context.Context, s settings) error {
	if s.serve != "" {
		var counts []int
		for text := range strings.SplitSeq(s.serve, ",") {
			n, err := strconv.Atoi(text)
			if err != nil {
				return err
			}
			counts = append(counts, n)
		}
		return serveAll(ctx, counts, s.out)
	}
	r := &results{settings: s, start: time.Now()}
	tmp, err := os.MkdirTemp("", "compile")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	m := module{dir: filepath.Join(tmp, "module"), prefix: prefix(), entities: s.entities}
	if err := m.copy(".."); err != nil {
		return err
	}
	if _, _, err := m.command(ctx, "build", "-o", m.binary(), "./cmd/commitment"); err != nil { // everything else is in the cache now
		return err
	}
	log.Print("without resources")
	if r.ent, err = m.measure(ctx, false); err != nil {
		return err
	}
	if err := m.touch(); err != nil {
		return err
	}
	if r.relinked, _, err = m.command(ctx, "build", "-o", m.binary(), "./cmd/commitment"); err != nil {
		return err
	}
	log.Print("with resources")
	if r.resources, err = m.measure(ctx, true); err != nil {
		return err
	}
	if r.lines, err = m.lines(); err != nil {
		return err
	}
	r.took = time.Since(r.start)
	return markdown.Save(s.out, r.write)
}

// write writes the report in Markdown.
func (r *results) write(p *markdown.Printer) {
	n := r.settings.entities
	p.Line("# What resources cost a build\n")
	p.Line("Written by `make bench-compile`; see the package comment of compile/main.go for what is measured and how.\n")
	p.Line("| | |\n|---|---|")
	p.Line("| date | %s, %v |", r.start.UTC().Format("2006-01-02 15:04 UTC"), r.took.Round(time.Second))
	p.Line("| command | `go run ./compile -entities %d` |", n)
	p.Line("| machine | %s, %d CPUs, %s/%s, %s |", markdown.Processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	added := r.resources.built - r.relinked
	size := float64(r.resources.bytes-r.ent.bytes) / 1e6
	p.Line("\n## %d entities of eight fields and two edges\n", n)
	p.Line("| | aim | measured | |\n|---|--:|--:|---|")
	p.Line("| build: CPU beyond Ent's own | at most 6 s | %s | %s |", seconds(added), verdict(added <= 6*time.Second))
	p.Line("| binary: size beyond Ent's own | at most 3 MB | %.2f MB | %s |", size, verdict(size <= 3))
	p.Line("| regenerate: time | at most 10 s | %s | %s |", seconds(r.resources.wall), verdict(r.resources.wall <= 10*time.Second))
	p.Line("\n## CPU and sizes\n")
	p.Line("A build without resources compiles the entities; one with them finds those in the cache. Its difference to a build that only\nlinks a change of the routes is what the resources take. They are %d generated lines, %d an entity.\n", r.lines, r.lines/n)
	p.Line("| | without | with |\n|---|--:|--:|")
	p.Line("| generate | %s | %s |", seconds(r.ent.generated), seconds(r.resources.generated))
	p.Line("| regenerate | %s, %s by the clock | %s, %s by the clock |",
		seconds(r.ent.regenerated), seconds(r.ent.wall), seconds(r.resources.regenerated), seconds(r.resources.wall))
	p.Line("| build | %s | %s |", seconds(r.ent.built), seconds(r.resources.built))
	p.Line("| build after a change of the routes | %s | |", seconds(r.relinked))
	p.Line("| binary | %.1f MB | %.1f MB |", float64(r.ent.bytes)/1e6, float64(r.resources.bytes)/1e6)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func verdict(reached bool) string {
	if reached {
		return "reached"
	}
	return "missed"
}
