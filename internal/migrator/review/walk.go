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
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/revert"
	"commitment/internal/migrator/review/trace"
)

// review runs the files and adds the findings to r.
func (o Options) review(ctx context.Context, r *Report, s selected) (err error) {
	db, broken, err := o.replay(ctx, s.older)
	if err != nil {
		return err
	}
	if broken != nil {
		r.Findings = append(r.Findings, *broken)
		return nil
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	e, unknown := o.entities(ctx, s)
	if unknown != nil {
		r.Findings = append(r.Findings, *unknown)
	}
	readable, illegible := firstInvalid(s.added)
	if illegible != nil {
		r.Files[readable].Findings = append(r.Files[readable].Findings, failure(s.added[readable].Name(), 0, illegible))
	}
	w := reviewer{dir: o.Dir, db: db, entities: e, reader: new(catalog.Reader)}
	w.tracer.Reader = w.reader
	if err := w.sample.reset(ctx, db); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.sample.drop(ctx)) }()
	ran, err := w.reviewFiles(ctx, s.added[:readable], r, o.Progress)
	if err != nil || !ran || readable < len(s.added) {
		return err
	}
	return o.checkPassingOver(ctx, r, s)
}

// reviewer reviews file after file on one database.
type reviewer struct {
	dir      migrate.Dir
	db       *dev.Database
	reader   *catalog.Reader // of it and its copies
	now      revert.State    // what the database has
	tracer   trace.Tracer
	sample   sample
	entities entities
}

// reviewFiles reviews the files, up to one that fails, and reports whether all ran.
func (w *reviewer) reviewFiles(ctx context.Context, added []migrate.File, r *Report, progress func(string)) (ran bool, err error) {
	if w.now, err = revert.ReadState(ctx, w.db.DB, w.reader); err != nil {
		return false, err
	}
	ran = true
	r.Before, w.sample.schema = w.now.Schema, w.now.Schema
	for i, f := range added {
		progress(fmt.Sprintf("reviewing %s, %d of %d", f.Name(), i+1, len(added)))
		if ran, err = w.reviewFile(ctx, &r.Files[i], f); err != nil {
			return false, err
		}
		if !ran {
			break
		}
	}
	r.After = w.now.Schema
	r.Changes = append(r.Changes, catalog.Compare(r.Before, r.After)...)
	return ran, nil
}

// reviewFile runs f and reviews what its statements do, whether the code works before
// and after it, and how it is reverted. It reports whether f ran to its end.
func (w *reviewer) reviewFile(ctx context.Context, file *File, f migrate.File) (ran bool, err error) {
	before := w.now
	var old *dev.Database // as it was, for the code
	if w.entities.known {
		if old, err = w.db.Clone(ctx); err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, old.Drop(ctx)) }()
	}
	if ran, err = w.measure(ctx, file, f); err != nil || !ran {
		return false, err
	}
	onRows, err := w.sample.measure(ctx, file, f, w.tracer.Locked)
	if err != nil {
		return false, err
	}
	after := before.Schema
	if n := len(file.Statements); n > 0 {
		after = file.Statements[n-1].After
	}
	if w.now, err = revert.StateWith(ctx, w.db.DB, after); err != nil {
		return false, err
	}
	if w.entities.known {
		v, err := compat.Judge(ctx, compat.Database{DB: old.DB, Schema: before.Schema}, compat.Database{DB: w.db.DB, Schema: w.now.Schema}, w.entities.old, w.entities.new)
		if err != nil {
			return false, fmt.Errorf("check the code against %s: %w", f.Name(), err)
		}
		file.Compat = &v
		file.Findings = append(file.Findings, deployFindings(f, v)...)
	}
	if err := w.revert(ctx, file, f, before); err != nil {
		return false, err
	}
	return true, w.sample.advance(ctx, onRows, w.db, w.now.Schema)
}

// revert finds how f is reverted, which ran already, and tries it on the sample, on which
// f didn't run and which nothing else uses afterwards.
func (w *reviewer) revert(ctx context.Context, file *File, f migrate.File, before revert.State) error {
	byHand, err := revert.ByHand(w.dir, f)
	if err == nil && byHand != nil {
		err = w.sample.fill(ctx, nil) // it may use other tables than the file
	}
	if err != nil {
		return err
	}
	file.Revert, err = revert.Find(ctx, revert.Applied{
		File: f, Statements: file.Statements, Database: w.db, Reader: w.reader, Before: before, After: w.now, ByHand: byHand, Sample: w.sample.last,
	})
	return err
}

// measure runs f statement by statement, and reports whether it ran to its end.
func (w *reviewer) measure(ctx context.Context, file *File, f migrate.File) (ran bool, err error) {
	if file.Transaction, err = migration.InTransaction(f); err != nil {
		return false, err
	}
	if file.Statements, err = w.tracer.Run(ctx, w.db.DB, w.now.Schema, f); err != nil {
		return false, err
	}
	if failed := trace.Failure(file.Statements); failed != nil {
		file.Findings = append(file.Findings, hazard.Find(file.Statements)...)
		last := file.Statements[len(file.Statements)-1]
		file.Findings = append(file.Findings, failure(last.File, last.Line, failed))
		return false, nil
	}
	return true, nil
}
