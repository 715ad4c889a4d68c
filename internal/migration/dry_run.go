package migration

import (
	"context"
	"database/sql"
	"fmt"

	"ariga.io/atlas/sql/migrate"
)

// Statement is a statement that a migration would run.
type Statement struct {
	// File is the migration's name, and Line where the statement begins, counted from
	// 1.
	File string
	Line int
	SQL  string
	// Transaction says that the file runs in one transaction.
	Transaction bool
}

// DryRun returns the statements that [Apply] would run, in order, and refuses what
// Apply would refuse. It takes no lock and changes nothing.
func DryRun(ctx context.Context, db *sql.DB, dir migrate.Dir, o ApplyOptions) ([]Statement, error) {
	o = o.withDefaults()
	if err := Validate(dir); err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to database: %w", err)
	}
	defer discard(conn)
	if _, err := checkPooler(ctx, db, conn); err != nil {
		return nil, err
	}
	revs, err := readCurrent(ctx, conn)
	if err != nil {
		return nil, err
	}
	files, err := pendingOffline(ctx, conn, dir, revs, o)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	snaps, err := openSnapshots(ctx, conn)
	if err != nil {
		return nil, err
	}
	if err := checkDrift(ctx, snaps, revs, o); err != nil {
		return nil, err
	}
	return statements(files, revs)
}

// pendingOffline returns the files to apply to a database with these revisions.
func pendingOffline(ctx context.Context, conn *sql.Conn, dir migrate.Dir, revs []*migrate.Revision, o ApplyOptions) ([]migrate.File, error) {
	s, err := openSession(ctx, conn, o.Exclude)
	if err != nil {
		return nil, err
	}
	return pendingFiles(ctx, s, dir, revs, o)
}

// statements are the statements that weren't applied yet.
func statements(files []migrate.File, revs []*migrate.Revision) ([]Statement, error) {
	applied := map[string]int{}
	for _, r := range revs {
		applied[r.Version] = r.Applied
	}
	var all []Statement
	for _, f := range files {
		if begun := unfinished(revs, f); begun != nil {
			if _, err := checkUnfinished(f, begun); err != nil {
				return nil, err
			}
		}
		within, err := InTransaction(f)
		if err != nil {
			return nil, err
		}
		stmts, err := Statements(f)
		if err != nil {
			return nil, err
		}
		for _, s := range stmts[min(applied[f.Version()], len(stmts)):] {
			all = append(all, Statement{File: f.Name(), Line: lineOf(f, s.Pos), SQL: s.Text, Transaction: within})
		}
	}
	return all, nil
}
