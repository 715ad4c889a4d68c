package revert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/trace"
)

// ErrImpossible reports a file that can't be reverted, and ErrLossy one whose revert
// loses data without [DownOptions.AllowLoss].
var (
	ErrImpossible = errors.New("can't be reverted")
	ErrLossy      = errors.New("the revert loses data")
)

// DownOptions configure [Down]. The zero value works.
type DownOptions struct {
	// Apply has the timeouts and the log.
	Apply migration.ApplyOptions
	// Count is how many of the newest files are reverted. Defaults to 1.
	Count int
	// To is the version that is the newest one afterwards; then Count is ignored.
	// Defaults to none.
	To string
	// AllowLoss also runs reverts that lose data.
	AllowLoss bool
	// DryRun only finds the statements. It takes no lock and changes nothing.
	DryRun bool
}

// Reverted is a file with its revert.
type Reverted struct {
	File    string `json:"file"`
	Version string `json:"version"`
	Revert  Plan   `json:"reverse"`
	// Done says that the file was reverted.
	Done bool `json:"done"`
}

// Down reverts the newest files of dir that are applied to db, newest first: it runs
// the statements that revert each file and deletes its revision in the same
// transaction. The files remain, and are pending again for [migration.Apply] and the
// Atlas CLI. The statements are found and tried on the dev server, which should have
// db's major version, before the first file is reverted.
//
// It returns all files, including those that weren't reverted, even with an error:
// [ErrImpossible], [ErrLossy], or one of [migration.Revert].
func Down(ctx context.Context, db *sql.DB, server *dev.Server, dir migrate.Dir, o DownOptions) ([]Reverted, error) {
	d := reversal{server: server, dir: dir, options: o}
	if o.DryRun {
		status, err := migration.ReadStatus(ctx, db, dir)
		if err != nil {
			return nil, err
		}
		_, err = d.reverses(ctx, db, status.Applied)
		return d.files, err
	}
	done, err := migration.Revert(ctx, db, dir, o.Apply, d.reverses)
	for i := range d.files {
		d.files[i].Done = slices.Contains(done, d.files[i].Version)
	}
	return d.files, err
}

// reversal finds the statements for [Down].
type reversal struct {
	server  *dev.Server
	dir     migrate.Dir
	options DownOptions
	files   []Reverted // newest first
	newest  State      // as the files make it
}

// reverses finds the statements that revert each chosen file, and refuses those that
// may not be run.
func (d *reversal) reverses(ctx context.Context, db catalog.Querier, applied []*migrate.Revision) ([]migration.Reverse, error) {
	chosen, err := d.choose(applied)
	if err != nil {
		return nil, err
	}
	older, files, err := d.split(applied, chosen)
	if err != nil {
		return nil, err
	}
	if err := d.findAll(ctx, older, files); err != nil {
		return nil, err
	}
	if err := d.keepGiven(ctx, db); err != nil {
		return nil, err
	}
	var ways []migration.Reverse
	for _, f := range d.files {
		if err := d.checkAllowed(f); err != nil {
			return nil, err
		}
		ways = append(ways, migration.Reverse{Version: f.Version, Statements: f.Revert.Statements, Outside: f.Revert.Outside, Undo: f.Revert.Undo})
	}
	return ways, nil
}

// choose returns the newest revisions, which are to be reverted, oldest first.
func (d *reversal) choose(applied []*migrate.Revision) ([]*migrate.Revision, error) {
	first := len(applied) - max(d.options.Count, 1)
	if d.options.To != "" {
		at := slices.IndexFunc(applied, func(r *migrate.Revision) bool { return r.Version == d.options.To })
		if at < 0 {
			return nil, fmt.Errorf("version %s isn't applied", d.options.To)
		}
		first = at + 1
	}
	switch {
	case len(applied) == 0:
		return nil, errors.New("nothing to revert: no files are applied")
	case first < 0:
		return nil, fmt.Errorf("can't revert %d files: only %d are applied", d.options.Count, len(applied))
	}
	for _, r := range applied[first:] {
		switch {
		case r.Applied < r.Total:
			return nil, fmt.Errorf("%s %w: it was applied in part, finish it first", r.Version, ErrImpossible)
		case r.Type&migrate.RevisionTypeExecute == 0:
			return nil, fmt.Errorf("%s %w: it was recorded without being run", r.Version, ErrImpossible)
		}
	}
	return applied[first:], nil
}

// split returns the files that the database has, and separately those of the chosen
// revisions.
func (d *reversal) split(applied, chosen []*migrate.Revision) (older, files []migrate.File, err error) {
	all, err := d.dir.Files()
	if err != nil {
		return nil, nil, fmt.Errorf("read migrations: %w", err)
	}
	sums, err := d.dir.Checksum()
	if err != nil {
		return nil, nil, fmt.Errorf("read migrations: %w", err)
	}
	for _, f := range migrate.SkipCheckpointFiles(all) {
		at := slices.IndexFunc(chosen, func(r *migrate.Revision) bool { return r.Version == f.Version() })
		switch {
		case at < 0 && isApplied(applied, f):
			older = append(older, f)
		case at >= 0:
			if sum, err := sums.SumByName(f.Name()); err != nil || sum != chosen[at].Hash {
				return nil, nil, fmt.Errorf("%s %w: the file has changed since it was applied", f.Name(), ErrImpossible)
			}
			files = append(files, f)
		}
	}
	if len(files) != len(chosen) {
		return nil, nil, fmt.Errorf("%s %w: its file is missing", missing(chosen, files), ErrImpossible)
	}
	return older, files, nil
}

// isApplied reports whether the database has a file. It also has the files older than
// its first revision.
func isApplied(applied []*migrate.Revision, f migrate.File) bool {
	return len(applied) > 0 && f.Version() < applied[0].Version ||
		slices.ContainsFunc(applied, func(r *migrate.Revision) bool { return r.Version == f.Version() })
}

func missing(chosen []*migrate.Revision, files []migrate.File) string {
	for _, r := range chosen {
		if !slices.ContainsFunc(files, func(f migrate.File) bool { return f.Version() == r.Version }) {
			return r.Version
		}
	}
	return ""
}

// findAll replays the older files once, and finds the statements from there on.
func (d *reversal) findAll(ctx context.Context, older, files []migrate.File) (err error) {
	db, err := d.server.Database(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	if err := migration.Replay(ctx, db.DB, older); err != nil {
		return err
	}
	reader := new(catalog.Reader)
	before, err := ReadState(ctx, db.DB, reader)
	if err != nil {
		return err
	}
	tracer := trace.Tracer{Reader: reader}
	sample, err := newSample(ctx, db, before.Schema)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sample.drop(ctx)) }()
	for _, f := range files {
		byHand, err := ByHand(d.dir, f)
		if err != nil {
			return err
		}
		stmts, err := tracer.Run(ctx, db.DB, before.Schema, f)
		if err := errors.Join(err, trace.Failure(stmts)); err != nil {
			return err
		}
		after, err := ReadState(ctx, db.DB, reader)
		if err != nil {
			return err
		}
		plan, err := Find(ctx, Applied{File: f, Statements: stmts, Database: db, Reader: reader, Before: before, After: after, ByHand: byHand, Sample: sample.clone})
		if err != nil {
			return fmt.Errorf("find how to revert %s: %w", f.Name(), err)
		}
		if err := sample.apply(ctx, f, db, after.Schema); err != nil {
			return err
		}
		d.files = append([]Reverted{{File: f.Name(), Version: f.Version(), Revert: plan}}, d.files...)
		before = after
	}
	d.newest = before
	return nil
}

// checkAllowed refuses a revert that is impossible or, unless allowed, lossy.
func (d *reversal) checkAllowed(f Reverted) error {
	lost := strings.Join(f.Revert.Lost, "; ")
	switch {
	case f.Revert.Grade == Manual:
		return fmt.Errorf("%s %w by a rule: %s. Write the statements in %s", f.File, ErrImpossible, lost, migration.RevertName(f.File))
	case f.Revert.Grade == Impossible:
		return fmt.Errorf("%s %w: %s", f.File, ErrImpossible, lost)
	case f.Revert.Grade == Lossy && !d.options.AllowLoss && !d.options.DryRun:
		return fmt.Errorf("%w: %s: %s", ErrLossy, f.File, lost)
	}
	return nil
}
