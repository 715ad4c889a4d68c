package review

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/stats"
)

// Options say what is reviewed and where.
type Options struct {
	// Dir is the directory of the migrations, in the project.
	Dir *migrate.LocalDir
	// Root is the folder of the project, with its entities in ent/schema.
	// Defaults to the present one.
	Root string
	// Dev is a server where databases may be made and dropped.
	Dev *dev.Server
	// Selection says which files are reviewed.
	Selection Selection
	// Stats are sizes of production. Defaults to none: nothing is sized.
	Stats *stats.Snapshot
	// Source is [Report.Source]. Defaults to nothing.
	Source string
	// Progress is told what is done now, in a few words, when it begins. Defaults to
	// telling nobody.
	Progress func(doing string)
	// Now decides which directives have expired. Defaults to the present.
	Now time.Time
}

// Run reviews the selected files: it replays the older ones on a throwaway
// database, runs each of the others there statement by statement, and reports what
// that does. It changes no file.
//
// What is wrong with the migrations is a finding of the report, also when a file
// can't be run; those behind it are then not tried. An error is what kept Run from
// reviewing: git, the server, or the selection, [ErrSelection].
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
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
		r.Files = append(r.Files, File{Name: f.Name(), Findings: fileFindings(f, first, s)})
	}
	if err := o.review(ctx, &r, s); err != nil {
		return Report{}, err
	}
	interlock(r.Files)
	o.finish(&r, s.added)
	return r, nil
}

// report is what is known of a review before it begins.
func (o Options) report(ctx context.Context, s selected) (Report, error) {
	r := Report{Base: s.base, Source: o.Source, Findings: []hazard.Finding{}, Files: []File{}, Changes: []catalog.Change{}}
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
