package review

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/hazard"
)

// replay runs the older files on a database of their own. A file that can't be run is a
// finding, and then there is no database.
func (o Options) replay(ctx context.Context, older []migrate.File) (*dev.Database, *hazard.Finding, error) {
	if i, err := firstInvalid(older); err != nil {
		f := failure(older[i].Name(), 0, err)
		return nil, olderFailure(f), nil
	}
	db, err := o.Dev.Database(ctx)
	if err != nil {
		return nil, nil, err
	}
	o.Progress(fmt.Sprintf("replaying %d older files", len(older)))
	err = migration.Replay(ctx, db.DB, older)
	if err == nil {
		return db, nil, nil
	}
	err = errors.Join(err, db.Drop(ctx))
	if failed, ok := errors.AsType[*migration.StatementError](err); ok {
		return nil, olderFailure(failure(failed.File, failed.Line, failed)), nil
	}
	return nil, nil, err
}

// firstInvalid returns the first file that can't be run at all, because it can't be
// split into statements, has an invalid transaction mode, or waits for rows that nobody
// sends.
func firstInvalid(all []migrate.File) (int, error) {
	for i, f := range all {
		if _, err := migration.Statements(f); err != nil {
			return i, err
		}
		if err := migration.CheckRunnable(f); err != nil {
			return i, err
		}
	}
	return len(all), nil
}

// olderFailure is a failure of one of the older files.
func olderFailure(f hazard.Finding) *hazard.Finding {
	f.Reason = "The reviewed files build on it, so they weren't tried."
	return &f
}

// failure is the finding about a statement that fails, or a file that can't be read.
func failure(file string, line int, err error) hazard.Finding {
	if located, ok := errors.AsType[*migration.StatementError](err); ok {
		line, err = located.Line, located.Err // the finding has the place
	}
	f := finding(codeFails, file, "it fails: "+err.Error(), "It would fail in production too. Later files weren't tried.", "")
	f.Line = line
	f.Evidence = hazard.Measured
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		f.Title = "it fails: " + pg.Message + " (SQLSTATE " + pg.Code + ")"
		f.Advice = strings.TrimSpace(pg.Detail + " " + pg.Hint)
	}
	return f
}
