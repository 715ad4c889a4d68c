package revert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/rows"
	"commitment/internal/migrator/review/trace"
)

// touchesRows reports whether the statements do more than to drop what the file added.
func (p *Plan) touchesRows() bool {
	return p.ByHand != "" || slices.ContainsFunc(p.Statements, func(s string) bool { return !drops.MatchString(s) })
}

var drops = regexp.MustCompile(`^(DROP|ALTER TABLE "(?:[^"]|"")+" DROP (COLUMN|CONSTRAINT)) `)

// tryOnRows applies the file to a sample and reverts it there, reviews what the
// statements do, and compares the rows. If the file fails on these rows, there is nothing
// to revert.
func (p *Plan) tryOnRows(ctx context.Context, a Applied) (err error) {
	db, done, err := a.Sample(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	want, err := rows.Read(ctx, db)
	if err != nil {
		return err
	}
	err = migration.Replay(ctx, db, []migrate.File{a.File})
	if _, refused := errors.AsType[*pgconn.PgError](err); refused {
		return nil
	}
	if err != nil {
		return err
	}
	if err := p.trace(ctx, db, a.Reader, a.After.Schema); err != nil {
		return err
	}
	p.review()
	failed := p.failed()
	if len(p.Findings) == 0 {
		p.Traced = nil // each statement has two schemas
	}
	if failed {
		return nil
	}
	got, err := rows.Read(ctx, db)
	if err != nil {
		return err
	}
	p.OnRows = true
	if difference := rows.Difference(want, want, got); difference != "" && (p.Grade == Lossless || p.ByHand != "") {
		p.Grade = worse(p.Grade, Lossy)
		p.Lost = append(p.Lost, "on rows made for the trial, "+difference)
	}
	return nil
}

// trace runs the statements and records what they do, those outside of a transaction
// first.
func (p *Plan) trace(ctx context.Context, db *sql.DB, r *catalog.Reader, schema catalog.Schema) error {
	tracer := trace.Tracer{Reader: r}
	for _, part := range []struct {
		head       string
		statements []string
	}{{"-- atlas:txmode none\n\n", p.Statements[:p.Outside]}, {"", p.Statements[p.Outside:]}} {
		if len(part.statements) == 0 || p.failed() {
			continue
		}
		file := migrate.NewLocalFile("revert.sql", []byte(part.head+strings.Join(part.statements, ";\n")+";\n"))
		traced, err := tracer.Run(ctx, db, schema, file)
		if err != nil {
			return fmt.Errorf("trace the revert: %w", err)
		}
		p.Traced = append(p.Traced, traced...)
		schema = traced[len(traced)-1].After
	}
	return nil
}

// failed reports whether the last statement failed, on the rows of the sample.
func (p *Plan) failed() bool { return trace.Failure(p.Traced) != nil }

// review judges the statements as those of a file are: by what they block while they
// work, and by the rows on which they fail. What they drop is what the file added.
func (p *Plan) review() {
	outside := min(p.Outside, len(p.Traced))
	for _, part := range []struct {
		from  int
		stmts []trace.Statement
	}{{0, p.Traced[:outside]}, {outside, p.Traced[outside:]}} {
		for _, f := range hazard.Find(part.stmts) {
			if !f.Timed && !f.FailsOnRows() {
				continue
			}
			f.File, f.Line, f.Fix = p.ByHand, 0, nil
			f.Statement += part.from
			p.Findings = append(p.Findings, f)
		}
	}
}
