package migration

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	// OutOfOrder are files that expand and were added before ones that are applied. With
	// any of them, Apply refuses to run.
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

// Lacking are the files without which the code that comes with the directory can't run:
// all but the pending ones that contract, which wait until the code before it is gone.
func (s Status) Lacking() []migrate.File { return append(InPhase(s.Pending, Expand), s.OutOfOrder...) }

// ReadStatus compares dir with the connection's current schema. It runs one query and
// changes nothing, so read permission is enough.
func ReadStatus(ctx context.Context, db *sql.DB, dir migrate.Dir) (Status, error) {
	revs, err := readCurrent(ctx, db)
	if err != nil {
		return Status{}, err
	}
	s := Status{Applied: revs}
	s.Pending, s.OutOfOrder, err = unapplied(ctx, offline{}, dir, revs)
	return s, err
}

// unapplied returns the files that weren't applied, or not to their end, in order, and
// separately those that never will be: files that expand and are older than one that is
// applied. A file that contracts may be older, because the phase [Expand] passes over it.
func unapplied(ctx context.Context, driver migrate.Driver, dir migrate.Dir, revs []*migrate.Revision) (pending, outOfOrder []migrate.File, err error) {
	all, err := dir.Files()
	if err != nil {
		return nil, nil, fmt.Errorf("read migrations: %w", err)
	}
	if err := checkVersions(all); err != nil {
		return nil, nil, err
	}
	if loaded, ok := dir.(loadedDir); ok && len(revs) == 0 {
		dir = loaded.Dir // in which Atlas finds the checkpoint to start from
	}
	ex, err := migrate.NewExecutor(driver, dir, history{revs: revs}, migrate.WithExecOrder(migrate.ExecOrderNonLinear))
	if err != nil {
		return nil, nil, err
	}
	files, err := ex.Pending(ctx)
	if err != nil && !errors.Is(err, migrate.ErrNoPendingFiles) {
		return nil, nil, cmp.Or(Validate(dir), err)
	}
	for _, f := range slices.Concat(passedOver(all, revs), files) {
		late := len(revs) > 0 && f.Version() < revs[len(revs)-1].Version
		if late && PhaseOf(f) == Expand {
			outOfOrder = append(outOfOrder, f)
			continue
		}
		pending = append(pending, f)
	}
	slices.SortStableFunc(pending, func(a, b migrate.File) int { return strings.Compare(a.Version(), b.Version()) })
	return pending, outOfOrder, nil
}

// passedOver are the files that Atlas's executor doesn't look at: those older than the
// first one that is applied, of which it assumes that the database had them from the
// start, which is only true of a baseline or a checkpoint; and those that were begun and
// not finished before a newer file was applied.
func passedOver(all []migrate.File, revs []*migrate.Revision) []migrate.File {
	files := migrate.SkipCheckpointFiles(all)
	if len(revs) == 0 {
		return nil
	}
	var passed []migrate.File
	if revs[0].Type.Has(migrate.RevisionTypeExecute) {
		first := slices.IndexFunc(files, func(f migrate.File) bool { return f.Version() == revs[0].Version })
		passed = append(passed, files[:max(first, 0)]...) // the first may be gone, or be a checkpoint
	}
	for _, f := range files {
		if begun := unfinished(revs[:len(revs)-1], f); begun != nil && !begun.Type.Has(migrate.RevisionTypeResolved) {
			passed = append(passed, f)
		}
	}
	return passed
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
