package review

import (
	"context"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
)

// measure runs the files statement by statement on a copy of base, and returns
// how many of them ran to their end.
func (o Options) measure(ctx context.Context, base *dev.Database, r *Report, added []migrate.File) (ran int, err error) {
	readable, broken := unreadable(added)
	if broken != nil {
		r.Files[readable].Findings = append(r.Files[readable].Findings, failure(added[readable].Name(), 0, broken))
	}
	db, err := base.Clone(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	o.Progress(fmt.Sprintf("running %d files statement by statement", readable))
	traced, err := trace.Run(ctx, db.DB, added[:readable])
	if err != nil {
		return 0, err
	}
	for i, stmts := range traced {
		file := &r.Files[i]
		file.Statements = stmts
		if file.Transaction, err = migration.InTransaction(added[i]); err != nil {
			return i, err
		}
		file.Findings = append(file.Findings, hazard.Find(stmts)...)
		if f := failed(stmts); f != nil {
			file.Findings = append(file.Findings, *f)
			return i, nil
		}
	}
	return readable, nil
}

// failed is the failure of the last statement, if it did fail.
func failed(stmts []trace.Statement) *hazard.Finding {
	if len(stmts) == 0 || stmts[len(stmts)-1].Err == nil {
		return nil
	}
	s := stmts[len(stmts)-1]
	f := failure(s.File, s.Line, s.Err)
	return &f
}
