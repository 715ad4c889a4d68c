package review

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/hazard"
)

// checkPassingOver tries the order in which production may apply the files: those that
// expand first, and after them the files that contract and may still be pending. It adds
// a finding if that fails, or makes another schema.
func (o Options) checkPassingOver(ctx context.Context, r *Report, s selected) (err error) {
	older, held := trailing(s.older)
	held = append(held, migration.InPhase(s.added, migration.Contract)...)
	expand := migration.InPhase(s.added, migration.Expand)
	if len(held) == 0 || len(expand) == 0 || held[0].Version() > expand[len(expand)-1].Version() {
		return nil
	}
	o.Progress("trying the files that expand before those that contract")
	db, err := o.Dev.Database(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	err = migration.Replay(ctx, db.DB, slices.Concat(older, expand, held))
	failed, ok := errors.AsType[*migration.StatementError](err)
	if err != nil && !ok {
		return err
	}
	if ok {
		r.addPassedOver(failed.File, failed.Line, fmt.Sprintf("Then %s fails: %v.", failed.File, failed.Err), expand, held)
		return nil
	}
	made, err := catalog.Read(ctx, db)
	if err != nil {
		return err
	}
	if changes := catalog.Compare(r.After, made); len(changes) > 0 {
		r.addPassedOver("", 0, fmt.Sprintf("Then the schema is another: %s.", changes[0]), expand, held)
	}
	return nil
}

// trailing splits off the files that contract after the last one that expands: they may
// still be pending.
func trailing(files []migrate.File) (rest, held []migrate.File) {
	n := len(files)
	for n > 0 && migration.PhaseOf(files[n-1]) == migration.Contract {
		n--
	}
	return files[:n:n], slices.Clone(files[n:])
}

// addPassedOver adds the finding to the file that fails or, if that isn't a reviewed one,
// to the first reviewed file that passes over another.
func (r *Report) addPassedOver(file string, line int, reason string, expand, held []migrate.File) {
	passing := slices.IndexFunc(expand, func(f migrate.File) bool { return f.Version() > held[0].Version() })
	at := slices.IndexFunc(r.Files, func(f File) bool { return f.Name == file })
	if at < 0 {
		line = 0
		at = slices.IndexFunc(r.Files, func(f File) bool { return f.Name == expand[passing].Name() })
	}
	f := finding(codePassedOver, r.Files[at].Name, fmt.Sprintf("it doesn't work when %s is applied before %s", expand[passing].Name(), held[0].Name()),
		reason, "In the phase expand, apply passes over files that contract. Put what depends on them into a file that contracts, too, or into a later release.")
	f.Line, f.Evidence = line, hazard.Measured
	r.Files[at].Findings = append(r.Files[at].Findings, f)
}
