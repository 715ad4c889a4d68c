package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"commitment/internal/migration"
	"commitment/internal/migrator/files"
	"commitment/internal/migrator/review"
	"commitment/internal/pgserver"
)

// measured is a scenario with a row for each of its steps.
type measured struct {
	scenario
	rows []row
}

// row is what one step took.
type row struct {
	name    string
	ours    time.Duration
	command string  // the CLI's
	theirs  outcome // empty without the CLI
}

// step is a piece of work in both worlds.
type step struct {
	name  string
	ours  func(context.Context) error
	atlas []string // arguments
	after string   // the step without whose end the CLI would do other work here
}

func measure(ctx context.Context, server *pgserver.Server, cli atlas, sc scenario) (m measured, err error) {
	top, err := os.MkdirTemp("", "bench-migrations-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(top)) }()
	b, err := prepare(ctx, server, sc, top)
	if err != nil {
		return m, fmt.Errorf("prepare: %w", err)
	}
	defer func() { err = errors.Join(err, b.db.Close(), b.dev.Close()) }()
	m.scenario = sc
	for _, s := range b.steps() {
		r := row{name: s.name, command: s.command()}
		start := time.Now()
		if err := s.ours(ctx); err != nil {
			return m, fmt.Errorf("%s: %w", s.name, err)
		}
		r.ours = time.Since(start)
		if cli.path != "" {
			if r.theirs, err = b.inAtlas(ctx, cli, s); err != nil {
				return m, fmt.Errorf("%s: %w", r.command, err)
			}
		}
		m.rows = append(m.rows, r)
	}
	return m, nil
}

// inAtlas runs the CLI's command, which finds its dev database empty, whatever
// became of the one before it.
func (b *bench) inAtlas(ctx context.Context, cli atlas, s step) (outcome, error) {
	if s.after != "" && !b.through[s.after] {
		return outcome{skipped: true}, nil
	}
	if err := renew(ctx, b.url("postgres"), atlasDev); err != nil {
		return outcome{}, err
	}
	o, err := cli.run(ctx, s.atlas...)
	b.through[s.name] = o.worked()
	return o, err
}

// steps are in the order of a project's day. Each leaves what the next one needs.
func (b *bench) steps() []step {
	dir := "file://" + b.theirs
	target, scratch := b.url(atlasTarget)+"&search_path=public", b.url(atlasDev)+"&search_path=public"
	diff := []string{"migrate", "diff", "note", "--dir", dir, "--dev-url", scratch, "--to"}
	const applied = "apply to an empty database"
	return []step{
		{"hash", b.hash, []string{"migrate", "hash", "--dir", dir}, ""},
		{"validate the sums", b.validate, []string{"migrate", "validate", "--dir", dir}, ""},
		{"validate by a replay", b.replay, []string{"migrate", "validate", "--dir", dir, "--dev-url", scratch}, ""},
		{applied, b.apply(true), []string{"migrate", "apply", "--dir", dir, "--url", target}, ""},
		{"apply with nothing to do", b.apply(false), []string{"migrate", "apply", "--dir", dir, "--url", target}, applied},
		{"status", b.status, []string{"migrate", "status", "--dir", dir, "--url", target}, applied},
		{"review the last file", b.review, []string{"migrate", "lint", "--dir", dir, "--dev-url", scratch, "--latest", "1"}, ""},
		{"check, nothing to do", b.check, slices.Concat(diff, []string{"file://" + b.theirs}), ""},
		{"diff, one column more", b.diff, slices.Concat(diff, []string{"file://" + b.desired.Path()}), ""},
	}
}

func (b *bench) hash(context.Context) error {
	_, err := files.Hash(b.dir)
	return err
}

func (b *bench) validate(context.Context) error { return migration.Validate(b.dir) }

func (b *bench) replay(ctx context.Context) error { return files.Validate(ctx, b.dev, b.dir) }

// apply proves that it had something to do, or nothing.
func (b *bench) apply(some bool) func(context.Context) error {
	return func(ctx context.Context) error {
		revs, err := migration.Apply(ctx, b.db, b.dir, migration.ApplyOptions{})
		if err == nil && (len(revs) > 0) != some {
			err = fmt.Errorf("files applied = %d", len(revs))
		}
		return err
	}
}

func (b *bench) status(ctx context.Context) error {
	s, err := migration.ReadStatus(ctx, b.db, b.dir)
	if err == nil && !s.UpToDate() {
		err = fmt.Errorf("pending = %d, want 0", len(s.Pending))
	}
	return err
}

func (b *bench) review(ctx context.Context) error {
	r, err := review.Run(ctx, review.Options{Dir: &files.Dir{LocalDir: b.dir, Format: files.Atlas}, Root: b.dir.Path(), Dev: b.dev, Selection: review.Selection{Last: 1}})
	if err == nil && (r.Failed() || len(r.Files) != 1 || len(r.Files[0].Statements) != 1) {
		err = fmt.Errorf("the report is of %d files, with findings %v", len(r.Files), r.All())
	}
	return err
}

func (b *bench) check(ctx context.Context) error { return b.have.Check(ctx, b.dev, b.dir) }

func (b *bench) diff(ctx context.Context) error {
	names, err := b.want.Diff(ctx, b.dev, b.dir, "note")
	if err == nil && len(names) != 1 {
		err = fmt.Errorf("files = %v, want one", names)
	}
	return err
}

// command is the CLI's subcommand, without what differs from machine to machine.
func (s step) command() string { return "atlas " + s.atlas[0] + " " + s.atlas[1] }
