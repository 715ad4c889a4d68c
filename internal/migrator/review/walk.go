package review

import (
	"context"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/compat"
	"commitment/internal/migrator/review/revert"
)

// review runs the files and puts what it finds into r.
func (o Options) review(ctx context.Context, r *Report, s selected) error {
	base, broken, err := o.replay(ctx, s.older)
	if err != nil {
		return err
	}
	if broken != nil {
		r.Findings = append(r.Findings, *broken)
		return nil
	}
	ran, err := o.measure(ctx, base, r, s.added)
	if err != nil {
		return errors.Join(err, base.Drop(ctx))
	}
	e, unknown := o.entities(ctx, s)
	if unknown != nil {
		r.Findings = append(r.Findings, *unknown)
	}
	return o.walk(ctx, base, r, s.added[:ran], e)
}

// walk goes over the files, with a database on either side of each, and judges
// what that means for the code and for the way back. It drops what it is given.
func (o Options) walk(ctx context.Context, before *dev.Database, r *Report, added []migrate.File, e entities) (err error) {
	defer func() { err = errors.Join(err, before.Drop(ctx)) }()
	if r.Before, err = catalog.Read(ctx, before); err != nil {
		return err
	}
	for i, f := range added {
		o.Progress(fmt.Sprintf("reviewing %s, %d of %d", f.Name(), i+1, len(added)))
		after, err := before.Clone(ctx)
		if err != nil {
			return err
		}
		err = errors.Join(o.cross(ctx, before, after, &r.Files[i], f, e), before.Drop(ctx))
		before = after
		if err != nil {
			return err
		}
	}
	r.After, err = catalog.Read(ctx, before)
	r.Changes = append(r.Changes, catalog.Compare(r.Before, r.After)...)
	return err
}

// cross runs f on the database behind it and judges it.
func (o Options) cross(ctx context.Context, before, after *dev.Database, file *File, f migrate.File, e entities) error {
	if err := migration.Replay(ctx, after.DB, []migrate.File{f}); err != nil {
		return err
	}
	if e.known {
		v, err := compat.Judge(ctx, before.DB, after.DB, e.old, e.new)
		if err != nil {
			return fmt.Errorf("hold the code against %s: %w", f.Name(), err)
		}
		file.Compat = &v
		file.Findings = append(file.Findings, deployFindings(f.Name(), v)...)
	}
	var err error
	file.Revert, err = revert.Find(ctx, before, f)
	return err
}
