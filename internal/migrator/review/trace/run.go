package trace

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
)

// Run runs files on a throwaway database that has what the files before them
// make, and returns for each what its statements did. Every file runs as it will
// when it is applied: in a transaction, which is committed, or statement by
// statement. It needs two connections of db and nobody else on the database.
//
// A statement that fails, with a [migration.StatementError] in its Err, is the
// last of its file, and the files behind have none. The error that Run itself
// returns is one of reading the files or the server.
func Run(ctx context.Context, db *sql.DB, files []migrate.File) ([][]Statement, error) {
	s, err := openSession(ctx, db)
	if err != nil {
		return nil, err
	}
	defer s.close()
	all := make([][]Statement, len(files))
	for i, f := range files {
		if all[i], err = s.file(ctx, f); err != nil {
			return nil, fmt.Errorf("trace %s: %w", f.Name(), err)
		}
		if n := len(all[i]); n > 0 && all[i][n-1].Err != nil {
			break
		}
	}
	return all, nil
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
		if err := s.statement(ctx, stmt); err != nil {
			return nil, fmt.Errorf("line %d: %w", stmt.Line, err)
		}
		if stmt.Err != nil {
			return stmts[:i+1], s.rollback(ctx)
		}
	}
	if within && len(stmts) > 0 {
		s.commit(ctx, &stmts[len(stmts)-1])
	}
	return stmts, s.rollback(ctx)
}

// lineOf is the line on which the byte at pos stands, counted from 1.
func lineOf(f migrate.File, pos int) int {
	return 1 + bytes.Count(f.Bytes()[:pos], []byte("\n"))
}
