package migration

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"ariga.io/atlas/sql/migrate"
)

// Replay runs files on a throwaway database, in order and each in the transaction that
// its txmode asks for, and records nothing. It works on one session, so that what a
// file SETs holds for the next one, and discards that session. A statement that fails
// is a [StatementError], as is one from which row-level security would hide rows.
func Replay(ctx context.Context, db *sql.DB, files []migrate.File) error {
	var whole []part
	for _, f := range files {
		whole = append(whole, part{File: f, statements: everyStatement})
	}
	return replayParts(ctx, db, whole)
}

// part is a file up to one of its statements.
type part struct {
	migrate.File
	statements int
}

// everyStatement is more statements than any file has.
const everyStatement = math.MaxInt

func replayParts(ctx context.Context, db *sql.DB, parts []part) error {
	conn, err := NewSession(ctx, db)
	if err != nil {
		return fmt.Errorf("connect to dev database: %w", err)
	}
	defer discard(conn)
	if err := refuseHiddenRows(ctx, conn); err != nil {
		return err
	}
	for _, p := range parts {
		if err := replay(ctx, conn, p); err != nil {
			return err
		}
	}
	return nil
}

func replay(ctx context.Context, conn *sql.Conn, p part) error {
	f := p.File
	if err := CheckRunnable(f); err != nil {
		return err
	}
	within, err := InTransaction(f)
	if err != nil {
		return err
	}
	stmts, err := Statements(f)
	if err != nil {
		return err
	}
	stmts = stmts[:min(p.statements, len(stmts))]
	if !within {
		return execAll(ctx, conn, f, stmts)
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction for %s: %w", f.Name(), err)
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	if err := execAll(ctx, tx, f, stmts); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit %s: %w", f.Name(), err)
	}
	return nil
}

// ReplayWithin runs a file that needs a transaction in the open one of a session, whose
// settings it changes.
func ReplayWithin(ctx context.Context, conn *sql.Conn, f migrate.File) error {
	stmts, err := Statements(f)
	if err != nil {
		return err
	}
	if err := refuseHiddenRows(ctx, conn); err != nil {
		return err
	}
	return execAll(ctx, conn, f, stmts)
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func execAll(ctx context.Context, db execer, f migrate.File, stmts []*migrate.Stmt) error {
	for _, s := range stmts {
		if _, err := db.ExecContext(ctx, s.Text); err != nil {
			return &StatementError{File: f.Name(), Line: lineOf(f, s.Pos), SQL: s.Text, Err: explainRowSecurity(err)}
		}
	}
	return nil
}
