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
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/trace"
)

// ErrImpossible says that there is no way back from a file, and ErrLossy that there
// is one that loses something and that [DownOptions.AllowLoss] isn't set.
var (
	ErrImpossible = errors.New("there is no way back")
	ErrLossy      = errors.New("the way back loses what nothing brings back")
)

// DownOptions configure [Down]. The zero value works.
type DownOptions struct {
	// Apply has the timeouts, and the log.
	Apply migration.ApplyOptions
	// Count is how many files are taken back, the newest ones. Defaults to 1.
	Count int
	// To is the version that is the newest one afterwards; Count isn't looked at
	// then. Defaults to none.
	To string
	// AllowLoss also goes ways that lose something.
	AllowLoss bool
	// DryRun finds the ways and goes none. It takes no lock and changes nothing.
	DryRun bool
}

// Reverted is a file with the way back from it.
type Reverted struct {
	File    string `json:"file"`
	Version string `json:"version"`
	Revert  Plan   `json:"reverse"`
	// Done says that the way was gone.
	Done bool `json:"done"`
}

// Down takes back the newest files of dir that were applied to db, newest first:
// it runs the way back from each and deletes its revision in the same transaction.
// The files stay, so that they are pending afterwards, for [migration.Apply] as
// for the Atlas CLI. The ways are found and tried on the dev server, which should
// be of db's major version. All of them are found before the first one is gone.
//
// It returns the files, those that weren't taken back included, also with an
// error: of [ErrImpossible], of [ErrLossy], or one that [migration.Revert] has.
func Down(ctx context.Context, db *sql.DB, server *dev.Server, dir migrate.Dir, o DownOptions) ([]Reverted, error) {
	d := descent{server: server, dir: dir, options: o}
	if o.DryRun {
		status, err := migration.ReadStatus(ctx, db, dir)
		if err != nil {
			return nil, err
		}
		_, err = d.ways(ctx, status.Applied)
		return d.files, err
	}
	done, err := migration.Revert(ctx, db, dir, o.Apply, d.ways)
	for i := range d.files {
		d.files[i].Done = slices.Contains(done, d.files[i].Version)
	}
	return d.files, err
}

// descent finds the ways for [Down].
type descent struct {
	server  *dev.Server
	dir     migrate.Dir
	options DownOptions
	files   []Reverted // newest first
}

// ways finds the way back from each file that is to be taken back, and refuses
// those that may not be gone.
func (d *descent) ways(ctx context.Context, applied []*migrate.Revision) ([]migration.Way, error) {
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
	var ways []migration.Way
	for _, f := range d.files {
		if err := d.admit(f); err != nil {
			return nil, err
		}
		ways = append(ways, migration.Way{Version: f.Version, Statements: f.Revert.Statements, Outside: f.Revert.Outside})
	}
	return ways, nil
}

// choose returns the newest revisions that are to be taken back, oldest first.
func (d *descent) choose(applied []*migrate.Revision) ([]*migrate.Revision, error) {
	first := len(applied) - max(d.options.Count, 1)
	if d.options.To != "" {
		at := slices.IndexFunc(applied, func(r *migrate.Revision) bool { return r.Version == d.options.To })
		if at < 0 {
			return nil, fmt.Errorf("version %s was not applied", d.options.To)
		}
		first = at + 1
	}
	switch {
	case len(applied) == 0:
		return nil, errors.New("there is nothing to take back: 0 files were applied")
	case first < 0:
		return nil, fmt.Errorf("%d files were applied, and %d are to be taken back", len(applied), d.options.Count)
	}
	for _, r := range applied[first:] {
		switch {
		case r.Applied < r.Total:
			return nil, fmt.Errorf("%w from %s: it was applied in part, finish it first", ErrImpossible, r.Version)
		case r.Type&migrate.RevisionTypeExecute == 0:
			return nil, fmt.Errorf("%w from %s: it was recorded and not run", ErrImpossible, r.Version)
		}
	}
	return applied[first:], nil
}

// split returns the files that the database has, and apart from them those of the
// chosen revisions.
func (d *descent) split(applied, chosen []*migrate.Revision) (older, files []migrate.File, err error) {
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
				return nil, nil, fmt.Errorf("%w from %s: the file isn't the one that was applied", ErrImpossible, f.Name())
			}
			files = append(files, f)
		}
	}
	if len(files) != len(chosen) {
		return nil, nil, fmt.Errorf("%w from %s: its file is gone", ErrImpossible, missing(chosen, files))
	}
	return older, files, nil
}

// isApplied says whether the database has what a file makes. What is older than
// the first revision it brought along.
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

// findAll replays the older files once, and finds the ways from there on.
func (d *descent) findAll(ctx context.Context, older, files []migrate.File) (err error) {
	db, err := d.server.Database(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	if err := migration.Replay(ctx, db.DB, older); err != nil {
		return err
	}
	before, err := ReadState(ctx, db.DB)
	if err != nil {
		return err
	}
	var tracer trace.Tracer
	for _, f := range files {
		stmts, err := tracer.Run(ctx, db.DB, before.Schema, f)
		if err := errors.Join(err, trace.Failure(stmts)); err != nil {
			return err
		}
		after, err := ReadState(ctx, db.DB)
		if err != nil {
			return err
		}
		plan, err := Find(ctx, db, before, after, f, stmts)
		if err != nil {
			return fmt.Errorf("find the way back from %s: %w", f.Name(), err)
		}
		d.files = append([]Reverted{{File: f.Name(), Version: f.Version(), Revert: plan}}, d.files...)
		before = after
	}
	return nil
}

// admit refuses a way that may not be gone.
func (d *descent) admit(f Reverted) error {
	lost := strings.Join(f.Revert.Lost, "; ")
	switch {
	case f.Revert.Grade == Impossible:
		return fmt.Errorf("%w from %s: %s", ErrImpossible, f.File, lost)
	case f.Revert.Grade == Lossy && !d.options.AllowLoss && !d.options.DryRun:
		return fmt.Errorf("%w: %s: %s", ErrLossy, f.File, lost)
	}
	return nil
}
