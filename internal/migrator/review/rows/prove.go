package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/sqltoken"
)

// Prove applies files, and others that rewrite them, to copies of a database with rows,
// and says what the rewrite does otherwise, or nothing: it may not fail, leave other
// rows, or between two of its files refuse an update of a row that was possible before.
//
// If rows violate what the files demand, NULLs above all, rows that don't take their
// place. If files fail for another reason, the rewrite only has to run.
func Prove(ctx context.Context, db *dev.Database, original, rewrite []migrate.File) (difference string, err error) {
	p := prover{start: db}
	defer func() { err = errors.Join(err, p.drop(ctx)) }()
	runs, err := p.findRows(ctx, original)
	if err != nil {
		return "", err
	}
	got, failure, err := p.apply(ctx, rewrite, true)
	if err != nil || failure != nil || !runs {
		return reasonOfFailure(failure), err
	}
	var want [2]Contents
	for i := range want {
		if want[i], failure, err = p.apply(ctx, original, false); err != nil || failure != nil {
			return reasonOfFailure(failure), err
		}
	}
	return Difference(want[0], want[1], got), nil
}

func reasonOfFailure(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// prover applies files to copies of a database.
type prover struct {
	start *dev.Database
	owned bool // start is a copy itself
}

func (p *prover) drop(ctx context.Context) error {
	if !p.owned {
		return nil
	}
	return p.start.Drop(ctx)
}

// findRows changes the rows until the files can be applied to them, and reports whether
// they can.
func (p *prover) findRows(ctx context.Context, files []migrate.File) (runs bool, err error) {
	var emptied []string
	for full := false; ; full = true {
		_, failure, err := p.apply(ctx, files, false)
		if err != nil || failure == nil {
			return failure == nil, err
		}
		refused, ok := errors.AsType[*pgconn.PgError](failure)
		if !ok || !aboutValues(refused) {
			return false, nil
		}
		if !full {
			err = p.refill(ctx)
		} else {
			if slices.Contains(emptied, refused.TableName) {
				return false, nil
			}
			emptied = append(emptied, refused.TableName)
			if refused.TableName == "" {
				err = Empty(ctx, p.start.DB)
			} else {
				err = Empty(ctx, p.start.DB, refused.TableName)
			}
		}
		if err != nil {
			return false, err
		}
	}
}

// aboutValues reports whether other rows could have been accepted.
func aboutValues(refused *pgconn.PgError) bool {
	return refused.Code[:2] == "22" || refused.Code[:2] == "23"
}

// refill replaces all rows by such without NULLs, in a copy.
func (p *prover) refill(ctx context.Context) error {
	copied, err := p.start.Clone(ctx)
	if err != nil {
		return err
	}
	p.start, p.owned = copied, true
	if err := Empty(ctx, copied.DB); err != nil {
		return err
	}
	_, err = Fill(ctx, copied.DB, true)
	return err
}

// apply applies files to a copy and returns its rows. The failure is one of the files.
func (p *prover) apply(ctx context.Context, files []migrate.File, between bool) (_ Contents, failure, err error) {
	db, err := p.start.Clone(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	var writable []string
	if between {
		if writable, err = updatable(ctx, db); err != nil {
			return nil, nil, err
		}
	}
	for i, f := range files {
		if err := migration.Replay(ctx, db.DB, []migrate.File{f}); err != nil {
			if _, refused := errors.AsType[*pgconn.PgError](err); refused {
				return nil, err, nil
			}
			return nil, nil, err
		}
		if !between || i == len(files)-1 {
			continue
		}
		for _, name := range writable {
			if err := touch(ctx, db, name); err != nil {
				return nil, fmt.Errorf("after %s, rows of %s can't be updated: %w", f.Name(), name, err), nil
			}
		}
	}
	contents, err := Read(ctx, db.DB)
	return contents, nil, err
}

// updatable are the tables of which all rows can be updated.
func updatable(ctx context.Context, db *dev.Database) ([]string, error) {
	tables, err := readTables(ctx, db.DB)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range tables {
		if t.filled && touch(ctx, db, t.Name) == nil {
			names = append(names, t.Name)
		}
	}
	return names, nil
}

// touch updates all rows of a table without changing them, and undoes it. A table that
// is gone, or has no column to update, needs none.
func touch(ctx context.Context, db *dev.Database, name string) error {
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
