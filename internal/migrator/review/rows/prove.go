package rows

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// Source makes a database with rows for one use, the same each time, and says what to do
// with it afterwards.
type Source func(context.Context) (db *sql.DB, done func() error, err error)

// Prove applies files, and others that rewrite them, to a database with rows, and says
// what the rewrite does otherwise, or nothing: it may not fail, leave other rows, or
// between two of its files refuse an update of a row that was possible before, or lack
// what the schema has before them and after them.
//
// If rows violate what the files demand, NULLs above all, rows that don't take their
// place. If files fail for another reason, the rewrite only has to run. Left is what the
// files left, if they were applied already, and nil otherwise.
func Prove(ctx context.Context, source Source, schema catalog.Schema, left Contents, original, rewrite []migrate.File) (difference string, err error) {
	p := prover{source: source, schema: schema}
	want, runs := left, left != nil
	if !runs {
		if want, runs, err = p.findRows(ctx, original); err != nil {
			return "", err
		}
	}
	got, failure, err := p.apply(ctx, rewrite, true)
	if err != nil || failure != nil {
		return textOf(failure), err
	}
	difference = Difference(want, want, got)
	if !runs || difference == "" {
		return "", nil
	}
	again, _, err := p.apply(ctx, original, false)
	return Difference(want, again, got), err
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// prover applies files to databases with the same rows.
type prover struct {
	source  Source
	schema  catalog.Schema // with which the files begin
	full    bool           // no row has a NULL
	emptied []string       // tables without rows; "" for all
	reader  catalog.Reader
}

// findRows changes the rows until the files can be applied to them, and reports whether
// they can, and what the tables hold then.
func (p *prover) findRows(ctx context.Context, files []migrate.File) (contents Contents, runs bool, err error) {
	for {
		contents, failure, err := p.apply(ctx, files, false)
		if err != nil || failure == nil {
			return contents, failure == nil, err
		}
		refused, ok := errors.AsType[*pgconn.PgError](failure)
		if !ok || !aboutValues(refused) {
			return nil, false, nil
		}
		name := refused.TableName
		if _, there := p.schema.Table(name); !there {
			name = "" // the files made or renamed it: rows of any table may be why
		}
		switch {
		case slices.Contains(p.emptied, name):
			return nil, false, nil
		case p.full:
			p.emptied = append(p.emptied, name)
		default:
			p.full = true
		}
	}
}

// aboutValues reports whether other rows could have been accepted.
func aboutValues(refused *pgconn.PgError) bool {
	return refused.Code[:2] == "22" || refused.Code[:2] == "23"
}

// database is a new one with the rows that are to be used.
func (p *prover) database(ctx context.Context) (db *sql.DB, done func() error, err error) {
	if db, done, err = p.source(ctx); err != nil {
		return nil, nil, err
	}
	if p.full {
		err = refill(ctx, db, p.schema)
	}
	for _, name := range p.emptied {
		if name == "" {
			err = errors.Join(err, Empty(ctx, db))
		} else {
			err = errors.Join(err, Empty(ctx, db, name))
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return db, done, nil
}

// refill replaces all rows by such without NULLs.
func refill(ctx context.Context, db *sql.DB, schema catalog.Schema) error {
	names, err := filledTables(ctx, db)
	if err != nil {
		return err
	}
	if err := Empty(ctx, db); err != nil {
		return err
	}
	_, err = Fill(ctx, db, schema, names, true)
	return err
}

// apply applies files and returns the rows. The failure is one of the files.
func (p *prover) apply(ctx context.Context, files []migrate.File, between bool) (_ Contents, failure, err error) {
	db, done, err := p.database(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	var writable []string
	var history []moment
	between = between && len(files) > 1
	if between {
		if writable, err = updatable(ctx, db); err != nil {
			return nil, nil, err
		}
		if history, err = p.remember(ctx, db, history, ""); err != nil {
			return nil, nil, err
		}
	}
	for i, f := range files {
		if err := migration.Replay(ctx, db, []migrate.File{f}); err != nil {
			if _, refused := errors.AsType[*pgconn.PgError](err); refused {
				return nil, err, nil
			}
			return nil, nil, err
		}
		if between {
			if history, err = p.remember(ctx, db, history, f.Name()); err != nil {
				return nil, nil, err
			}
		}
		if i == len(files)-1 {
			break
		}
		for _, name := range writable {
			if err := touch(ctx, db, name); err != nil {
				return nil, fmt.Errorf("after %s, rows of %s can't be updated: %w", f.Name(), name, err), nil
			}
		}
	}
	if failure := missedBetween(history); failure != nil {
		return nil, failure, nil
	}
	contents, err := Read(ctx, db)
	return contents, nil, err
}

// updatable are the tables with rows that can all be updated.
func updatable(ctx context.Context, db *sql.DB) ([]string, error) {
	names, err := filledTables(ctx, db)
	return slices.DeleteFunc(names, func(name string) bool { return touch(ctx, db, name) != nil }), err
}

// touch updates all rows of a table without changing them, and undoes it. A table that
// is gone, or has no column to update, needs none.
func touch(ctx context.Context, db *sql.DB, name string) error {
	var column string
	err := db.QueryRowContext(ctx, `SELECT coalesce((SELECT a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass($1)
		AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a' ORDER BY a.attnum LIMIT 1), '')`, sqltoken.Quote(name)).Scan(&column)
	if err != nil || column == "" {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // as intended
	_, err = tx.ExecContext(ctx, fmt.Sprintf("UPDATE %s SET %s = %[2]s", sqltoken.Quote(name), sqltoken.Quote(column)))
	return err
}
