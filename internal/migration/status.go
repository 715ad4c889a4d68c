package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5/pgconn"
)

// undefinedTable is the SQLSTATE of a missing table.
const undefinedTable = "42P01"

// currentRevisions is the table of revisions of the current schema, and empty if the
// name resolves to a later schema of the search_path.
const currentRevisions = `(SELECT * FROM ` + revisionsTable + `
	WHERE tableoid = to_regclass(quote_ident(current_schema()) || '.` + revisionsTable + `')) AS revisions`

// Status compares a database with a directory.
type Status struct {
	// Applied are the revisions of the database, oldest first. The last one may have
	// stopped at an error, and is then pending too.
	Applied []*migrate.Revision
	// Pending are the files that [Apply] would run, in order.
	Pending []migrate.File
	// OutOfOrder are files that were added before ones that are applied. With any of
	// them, Apply refuses to run.
	OutOfOrder []migrate.File
}

// Current is the version of the newest revision; empty before the first.
func (s Status) Current() string {
	if len(s.Applied) == 0 {
		return ""
	}
	return s.Applied[len(s.Applied)-1].Version
}

// UpToDate reports whether every file of the directory is applied. A database that is
// ahead of the directory is up to date: while a release rolls out, the old program runs
// on the new schema.
func (s Status) UpToDate() bool { return len(s.Pending)+len(s.OutOfOrder) == 0 }

// ReadStatus compares dir with the connection's current schema. It runs one query and
// changes nothing, so read permission is enough.
func ReadStatus(ctx context.Context, db *sql.DB, dir migrate.Dir) (Status, error) {
	revs, err := readCurrent(ctx, db)
	if err != nil {
		return Status{}, err
	}
	ex, err := migrate.NewExecutor(offline{}, dir, history{revs: revs})
	if err != nil {
		return Status{}, err
	}
	s := Status{Applied: revs}
	if s.OutOfOrder, err = beforeFirst(dir, revs); err != nil {
		return Status{}, err
	}
	s.Pending, err = ex.Pending(ctx)
	if behind, ok := errors.AsType[*migrate.HistoryNonLinearError](err); ok {
		s.Pending, s.OutOfOrder = behind.Pending, append(s.OutOfOrder, behind.OutOfOrder...)
		return s, nil
	}
	if err != nil && !errors.Is(err, migrate.ErrNoPendingFiles) {
		return Status{}, err
	}
	return s, nil
}

// beforeFirst are the files that were added before the first one that is applied.
// Atlas's executor assumes that the database had them from the start, which is only
// true of a baseline or a checkpoint.
func beforeFirst(dir migrate.Dir, revs []*migrate.Revision) ([]migrate.File, error) {
	if len(revs) == 0 || !revs[0].Type.Has(migrate.RevisionTypeExecute) {
		return nil, nil
	}
	all, err := dir.Files()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	files := migrate.SkipCheckpointFiles(all)
	first := slices.IndexFunc(files, func(f migrate.File) bool { return f.Version() == revs[0].Version })
	return files[:max(first, 0)], nil // the first may be gone, or be a checkpoint
}

// readCurrent returns the revisions of the current schema; none if their table is
// missing.
func readCurrent(ctx context.Context, db schema.ExecQuerier) ([]*migrate.Revision, error) {
	revs, err := revisions{db: db, table: currentRevisions}.ReadRevisions(ctx)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == undefinedTable {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	return revs, nil
}

// history gives revisions that were read already to Atlas's executor.
type history struct {
	migrate.NopRevisionReadWriter
	revs []*migrate.Revision
}

// ReadRevisions returns the revisions.
func (h history) ReadRevisions(context.Context) ([]*migrate.Revision, error) { return h.revs, nil }

// offline is the driver of an executor that only compares.
type offline struct{ migrate.Driver }

// CheckClean accepts any schema: a status isn't a first run.
func (offline) CheckClean(context.Context, *migrate.TableIdent) error { return nil }
