package trace

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
)

// Tracer runs files one after another, each in a session of its own, so that the
// database can be copied in between. What a file SETs still holds for the next one, as
// if one session applied them. Another session, which the pool keeps, reads what is
// committed. The zero value works.
type Tracer struct {
	// Reader reads the schema. Defaults to one that has read none yet.
	Reader *catalog.Reader
	// Locked are the tables that the last file that ran to its end has locked, under the
	// names that they had before it. A table that isn't among them was neither read nor
	// written, not even by a trigger or a deferred check of a file on rows.
	Locked   []string
	settings []setting // as the last file left them
}

// Run runs a file on a throwaway database with that schema, and returns what its
// statements did. The file runs as it will be applied: in one transaction, which is
// committed, or statement by statement. It needs up to two connections of db, and
// nobody else on the database.
//
// A statement that fails is the last one returned, with a [migration.StatementError] in
// its Err. The error of Run itself comes from reading the file or the server.
func (t *Tracer) Run(ctx context.Context, db *sql.DB, schema catalog.Schema, f migrate.File) ([]Statement, error) {
	if t.Reader == nil {
		t.Reader = new(catalog.Reader)
	}
	return t.run(ctx, db, f, session{reader: t.Reader, schema: schema})
}

// RunOnRows runs a file that another Tracer has run, on a database of the same schema
// whose tables have rows, and adds to its statements what only rows show: tables that
// are scanned when a constraint is checked, and [Statement.RowsErr]. It reports whether
// the file ran to its end. Which tables a statement on rows scans depends on how many
// there are, so a few show no more of that than none.
func (t *Tracer) RunOnRows(ctx context.Context, db *sql.DB, f migrate.File, stmts []Statement) (ran bool, err error) {
	again, err := t.run(ctx, db, f, session{replayed: true})
	if err != nil {
		return false, err
	}
	for i, on := range again {
		if i < len(stmts) && stmts[i].Err == nil {
			stmts[i].RowsErr = cmp.Or(on.RowsErr, on.Err)
		}
		if i < len(stmts) && !changesRows(on.SQL) {
			stmts[i].Scans = union(stmts[i].Scans, on.Scans)
		}
	}
	return Failure(again) == nil, nil
}

func union(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func (t *Tracer) run(ctx context.Context, db *sql.DB, f migrate.File, s session) ([]Statement, error) {
	if err := s.open(ctx, db); err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.set(ctx, t.settings); err != nil {
		return nil, err
	}
	stmts, err := s.file(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", f.Name(), err)
	}
	t.Locked = slices.Sorted(maps.Keys(s.locked))
	t.settings, err = s.settings(ctx)
	return stmts, err
}

// file runs the statements of f until one fails.
func (s *session) file(ctx context.Context, f migrate.File) ([]Statement, error) {
	decls, err := migration.Statements(f)
	if err != nil {
		return nil, err
	}
	within, err := migration.InTransaction(f)
	if err != nil {
		return nil, err
	}
	if within {
		if err := s.begin(ctx); err != nil {
			return nil, err
		}
	}
	stmts := make([]Statement, len(decls))
	for i, d := range decls {
		stmt := &stmts[i]
		*stmt = Statement{File: f.Name(), Line: lineOf(f, d.Pos), SQL: d.Text}
		if err := s.statement(ctx, stmt, i == len(decls)-1); err != nil {
			return nil, fmt.Errorf("line %d: %w", stmt.Line, err)
		}
		if stmt.Err != nil {
			return stmts[:i+1], s.rollback(ctx)
		}
	}
	if within && len(stmts) > 0 {
		if err := s.commit(ctx, &stmts[len(stmts)-1]); err != nil {
			return nil, err
		}
	}
	return stmts, s.rollback(ctx)
}

// lineOf is the line of the byte at pos, counted from 1.
func lineOf(f migrate.File, pos int) int {
	return 1 + bytes.Count(f.Bytes()[:pos], []byte("\n"))
}
