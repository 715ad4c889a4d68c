package main

import (
	"cmp"
	_ "embed" // repositories.md
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"commitment/bench/internal/markdown"
)

// results are all that a run has found.
type results struct {
	settings settings
	start    time.Time
	took     time.Duration
	postgres string
	atlas    string // the CLI's version
	measured []measured
}

// repositories says what the tool did in public repositories. It isn't measured again.
//
//go:embed repositories.md
var repositories string

// write writes the report, in Markdown.
func (r *results) write(p *markdown.Printer) {
	p.Line("# Migrations, old and many\n")
	p.Line("Written by `make bench-migrations`; see the package comment of migrations/main.go for what is measured and how.\n")
	r.writeConditions(p)
	for _, m := range r.measured {
		r.writeScenario(p, m)
	}
	p.Line("\n%s", strings.TrimSpace(repositories))
}

func (r *results) writeConditions(p *markdown.Printer) {
	p.Line("| | |\n|---|---|")
	p.Line("| date | %s, %v |", r.start.UTC().Format("2006-01-02 15:04 UTC"), r.took.Round(time.Second))
	p.Line("| command | `%s` |", r.settings.command())
	p.Line("| machine | %s, %d CPUs, %s/%s; PostgreSQL shares it |", markdown.Processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	p.Line("| database | PostgreSQL %s, as a private server is started: fsync off |", r.postgres)
	p.Line("| time | of one run of each command: here in this process, the CLI's with its start; the CLI is stopped after %v |", r.settings.limit)
	p.Line("| versions | %s, %s; Atlas CLI: %s |", runtime.Version(), strings.Join(libraries(), ", "), cmp.Or(r.atlas, "left out, no -atlas was given"))
}

// command is what was typed, without the place of the CLI.
func (s settings) command() string {
	args := fmt.Sprintf("go run ./migrations -files %d -tables %d", s.files, s.tables)
	if s.atlas != "" {
		args += fmt.Sprintf(" -atlas PATH -limit %v", s.limit)
	}
	return args
}

func (r *results) writeScenario(p *markdown.Printer, m measured) {
	p.Line("\n## %s\n\n%s\n", m.title, m.about)
	if r.atlas == "" {
		p.Line("| step | here |\n|---|--:|")
		for _, row := range m.rows {
			p.Line("| %s | %s |", row.name, seconds(row.ours))
		}
		return
	}
	p.Line("| step | here | Atlas CLI | times | its command |\n|---|--:|--:|--:|---|")
	for _, row := range m.rows {
		p.Line("| %s | %s | %s | %s | `%s` |", row.name, seconds(row.ours), row.theirs.shown(), row.times(), row.command)
	}
	for _, row := range m.rows {
		if row.theirs.said != "" {
			p.Line("\n`%s` (%s) ended in an error: `%s`", row.command, row.name, row.theirs.said)
		}
	}
}

// times is how often ours fits into the CLI's, where that did its work.
func (r row) times() string {
	ratio := fmt.Sprintf("%.1f", float64(r.theirs.took)/float64(r.ours))
	switch {
	case r.theirs.skipped:
		return "–"
	case r.theirs.said != "":
		return "failed"
	case r.theirs.stopped:
		return "> " + ratio
	}
	return ratio
}

// shown is the CLI's time.
func (o outcome) shown() string {
	if o.skipped {
		return "left out: apply was stopped or failed"
	}
	if o.stopped {
		return "stopped after " + seconds(o.took)
	}
	return seconds(o.took)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// libraries are the versions of what both stand on.
func libraries() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	var list []string
	for _, m := range info.Deps {
		switch m.Path {
		case "ariga.io/atlas", "entgo.io/ent", "github.com/jackc/pgx/v5":
			list = append(list, m.Path+" "+m.Version)
		}
	}
	return list
}
