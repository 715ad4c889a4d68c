package review

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/rows"
	"commitment/internal/migrator/review/trace"
)

// sample is a database with the schema of the reviewed one, and rows in the tables that
// the files use: each file runs there, too, and its fixes are proven there.
type sample struct {
	db      *dev.Database
	tracer  trace.Tracer
	schema  catalog.Schema
	missing []rows.Missing // tables in which no row could be made
	left    rows.Contents  // by the file that is measured; nil if it failed
}

// reset makes the sample a copy of a database without rows.
func (s *sample) reset(ctx context.Context, empty *dev.Database) error {
	copied, err := empty.Clone(ctx)
	if err != nil {
		return err
	}
	err = s.drop(ctx)
	s.db = copied
	return err
}

func (s *sample) drop(ctx context.Context) error {
	if s.db == nil {
		return nil
	}
	return s.db.Drop(ctx)
}

// fill makes rows in tables that have none; in all of them if names is nil.
func (s *sample) fill(ctx context.Context, names []string) (err error) {
	s.missing, err = rows.Fill(ctx, s.db.DB, s.schema, names, false)
	return err
}

// advance continues with the database that a file left, or without one with a copy of the
// database without rows.
func (s *sample) advance(ctx context.Context, next, empty *dev.Database, schema catalog.Schema) error {
	s.schema, s.missing = schema, nil
	if next == nil {
		return s.reset(ctx, empty)
	}
	err := s.drop(ctx)
	s.db = next
	return err
}

// source copies the sample for one use.
func (s *sample) source(ctx context.Context) (*sql.DB, func() error, error) {
	db, err := s.db.Clone(ctx)
	if err != nil {
		return nil, nil, err
	}
	return db.DB, func() error { return db.Drop(ctx) }, nil
}

// last is the sample itself for a use after which only [sample.advance] follows.
func (s *sample) last(context.Context) (*sql.DB, func() error, error) {
	return s.db.DB, func() error { return nil }, nil
}

// measure runs a file that ran without rows and locked some tables, finds what it does,
// and proves the fixes. What the file leaves is the next sample; if it fails, there is
// none.
func (s *sample) measure(ctx context.Context, file *File, f migrate.File, locked []string) (next *dev.Database, err error) {
	copied, err := s.run(ctx, file, f, locked)
	if err != nil {
		return nil, err
	}
	found := hazard.Find(file.Statements)
	file.Findings = append(file.Findings, found...)
	file.Findings = append(file.Findings, rowsFailures(file.Statements, found)...)
	file.Findings = append(file.Findings, s.unfilled(f.Name(), file.Statements)...)
	if err := s.prove(ctx, file, f, copied); err != nil && copied != nil {
		return nil, errors.Join(err, copied.Drop(ctx))
	} else if err != nil {
		return nil, err
	}
	return copied, nil
}

// maxRounds bounds how often a file is run to find the tables that it uses.
const maxRounds = 4

// fewTables is how many tables a schema has at most in which all get rows, because that
// takes less time than to run a file again. It is a variable for tests.
var fewTables = 100

// run runs a file on a copy in which the tables that it uses have rows: those that it
// locked without rows, and then, until there are no more, those that it locks because of
// rows, as in triggers and cascades. A file only fails with rows in every table. If it
// does, there is no result.
func (s *sample) run(ctx context.Context, file *File, f migrate.File, locked []string) (*dev.Database, error) {
	var names []string // nil for all
	if len(s.schema.Tables) > fewTables {
		tell, err := s.locksTell(ctx, file.Statements)
		if err != nil {
			return nil, err
		}
		if tell {
			names = append([]string{}, locked...)
		}
	}
	for round := 1; ; round++ {
		if err := s.fill(ctx, names); err != nil {
			return nil, err
		}
		copied, err := s.db.Clone(ctx)
		if err != nil {
			return nil, err
		}
		stmts, tracer := slices.Clone(file.Statements), s.tracer
		ran, err := tracer.RunOnRows(ctx, copied.DB, f, stmts)
		more := slices.DeleteFunc(slices.Clone(tracer.Locked), func(name string) bool { return slices.Contains(names, name) })
		if err == nil && (names == nil || ran && len(more) == 0) {
			s.tracer, file.Statements = tracer, stmts
			if !ran {
				return nil, copied.Drop(ctx)
			}
			return copied, nil
		}
		if err := errors.Join(err, copied.Drop(ctx)); err != nil {
			return nil, err
		}
		if names = append(names, more...); !ran || round == maxRounds {
			names = nil
		}
	}
}

// rowsFailures are about statements that only fail on rows, if no rule is.
func rowsFailures(stmts []trace.Statement, found []hazard.Finding) []hazard.Finding {
	var all []hazard.Finding
	for i, s := range stmts {
		refused, ok := errors.AsType[*pgconn.PgError](s.RowsErr)
		known := slices.ContainsFunc(found, func(f hazard.Finding) bool { return f.Statement == i+1 && f.FailsOnRows() })
		if !ok || known || collides(s.SQL, refused) {
			continue
		}
		f := failure(s.File, s.Line, s.RowsErr)
		f.Code, f.Statement = codeFailsOnRows, i+1
		f.Title = "it fails on a row: " + refused.Message + " (SQLSTATE " + refused.Code + ")"
		f.Reason = "It runs on empty tables, and fails on rows such as those that the review made."
		if values := refused.Code[:2]; values == "22" || values == "23" {
			f.Severity = hazard.Warning
			f.Reason = "It runs on empty tables, and failed on rows that the review made. Production has others, which may pass."
		}
		all = append(all, f)
	}
	return all
}

// collides reports whether an INSERT failed because the sample has a row with the same
// key, which says nothing of production.
func collides(statement string, refused *pgconn.PgError) bool {
	const uniqueViolation = "23505"
	first, _, _ := strings.Cut(strings.TrimSpace(statement), " ")
	return refused.Code == uniqueViolation && strings.EqualFold(first, "INSERT")
}

// unfilled are the tables that a file locks and that no rows could be made for.
func (s *sample) unfilled(name string, stmts []trace.Statement) []hazard.Finding {
	var all []hazard.Finding
	for _, m := range s.missing {
		used := slices.ContainsFunc(stmts, func(stmt trace.Statement) bool {
			return slices.ContainsFunc(stmt.Locks, func(l trace.Lock) bool { return l.Relation == m.Table && !l.New })
		})
		if !used {
			continue
		}
		f := finding(codeNoRows, name, "no row could be made for "+m.Table+": "+m.Reason,
			"The file ran on an empty "+m.Table+", which hides what it does to rows.", "Test it on rows, with migrationtest.")
		f.Severity, f.Evidence, f.Table = hazard.Note, hazard.Measured, m.Table
		all = append(all, f)
	}
	return all
}

// prove removes the fixes that do something else to rows than the file: all at once are
// tried first, then one after another. The file ran on the given database, if there is one.
func (s *sample) prove(ctx context.Context, file *File, f migrate.File, ran *dev.Database) (err error) {
	steps := file.fixSteps()
	if len(steps) == 0 || !file.rewritable(f) {
		return nil
	}
	s.left = nil
	if ran != nil {
		if s.left, err = rows.Read(ctx, ran.DB); err != nil {
			return err
		}
	}
	differs, err := s.compare(ctx, f, steps)
	if err != nil || differs == "" {
		return err
	}
	kept := map[int][]plan.Step{}
	for _, n := range slices.Sorted(maps.Keys(steps)) {
		one := differs
		if len(steps) > 1 {
			if one, err = s.compare(ctx, f, map[int][]plan.Step{n: steps[n]}); err != nil {
				return err
			}
		}
		if one == "" {
			kept[n] = steps[n]
			continue
		}
		file.withdraw(n, one)
	}
	if len(kept) < 2 {
		return nil
	}
	differs, err = s.compare(ctx, f, kept)
	for n := range kept {
		if differs != "" {
			file.withdraw(n, differs)
		}
	}
	return err
}

// anyTime is a version for files that are only tried: those of other tools needn't be times,
// which the next file's version is counted from.
const anyTime = "20060102150405"

func (s *sample) compare(ctx context.Context, f migrate.File, steps map[int][]plan.Step) (string, error) {
	decls, err := migration.Statements(f)
	if err != nil {
		return "", err
	}
	written, err := rewrite(f, anyTime, decls, steps)
	if err != nil {
		return "", err
	}
	return rows.Prove(ctx, s.source, s.schema, s.left, []migrate.File{f}, written)
}

// withdraw removes the fix of a statement.
func (r *File) withdraw(statement int, why string) {
	for i := range r.Findings {
		if r.Findings[i].Statement == statement {
			r.Findings[i].Fix = nil
		}
	}
	f := finding(codeUnproven, r.Name, "the safe form isn't written automatically: "+strings.TrimSpace(why),
		"Tried on rows that the review made, it did something else than the statement.", "Write it by hand.")
	f.Severity, f.Evidence, f.Statement = hazard.Note, hazard.Measured, statement
	f.Line = r.Statements[statement-1].Line
	r.Findings = append(r.Findings, f)
}
