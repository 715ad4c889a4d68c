package review

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/files"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/stats"
)

// Options configure [Run].
type Options struct {
	// Dir is the project's directory of migrations.
	Dir *files.Dir
	// Root is the project's folder. Defaults to the current folder.
	Root string
	// Schema is the folder of the entities, from Root. Defaults to ent/schema.
	Schema string
	// Dev is the server for throwaway databases.
	Dev *dev.Server
	// Selection says which files are reviewed.
	Selection Selection
	// Stats are the sizes of production's tables. Defaults to none: then nothing is
	// estimated.
	Stats *stats.Snapshot
	// Source is [Report.Source]. Defaults to nothing.
	Source string
	// Progress is called with a few words when a step begins. Defaults to nothing.
	Progress func(doing string)
	// Now decides which directives have expired. Defaults to the current time.
	Now time.Time
}

// Run reviews the selected files: it replays the older ones on a throwaway database,
// runs the others there statement by statement, and reports what they do. It changes no
// file.
//
// What is wrong with the migrations is a finding of the report, even if a file can't be
// run; the files after it are then not tried. An error means that Run couldn't review:
// because of git, the server, or the selection ([ErrSelection]).
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if o.Schema == "" {
		o.Schema = "ent/schema"
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	now, err := o.Dir.Files()
	if err != nil {
		return Report{}, fmt.Errorf("read migrations: %w", err)
	}
	s, err := o.Selection.of(ctx, o.Dir, now)
	if err != nil {
		return Report{}, err
	}
	r, err := o.report(ctx, s)
	if err != nil {
		return Report{}, err
	}
	r.Findings = append(r.Findings, directoryFindings(o.Dir, now, s)...)
	first := s.versions(now)
	for _, f := range s.added {
		r.Files = append(r.Files, File{Name: f.Name(), Phase: migration.PhaseOf(f), Findings: fileFindings(f, first, s)})
	}
	if err := o.review(ctx, &r, s); err != nil {
		return Report{}, err
	}
	o.finish(&r, s.added)
	return r, nil
}

// report is the part of the report that is known before the review begins.
func (o Options) report(ctx context.Context, s selected) (Report, error) {
	r := Report{Base: s.base, ReadOnly: o.Dir.Format != files.Atlas, Source: o.Source, Findings: []hazard.Finding{}, Files: []File{}, Changes: []catalog.Change{}}
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return r, fmt.Errorf("find project: %w", err)
	}
	path, err := filepath.Abs(o.Dir.Path())
	if err != nil {
		return r, fmt.Errorf("find migrations: %w", err)
	}
	if r.Dir, err = filepath.Rel(root, path); err != nil {
		return r, fmt.Errorf("find migrations: %w", err)
	}
	r.Dir = filepath.ToSlash(r.Dir)
	version, err := o.Dev.Version(ctx)
	if err != nil {
		return r, err
	}
	r.Server = "PostgreSQL " + version
	if o.Stats != nil {
		r.StatsTaken = o.Stats.Taken
	}
	return r, nil
}
