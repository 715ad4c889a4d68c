package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration/catalog"
)

// ErrMigrated reports a database that has revisions already.
var ErrMigrated = errors.New("the database already has a record of its migrations")

// ErrOtherSchema reports a database whose schema isn't what the files make.
var ErrOtherSchema = errors.New("the schema isn't what the migrations make")

// Adopt records the files of dir, up to [ApplyOptions.To], as applied to a database on
// which another tool has applied them, so that [Apply] goes on from there. It runs none of
// them there: it replays them on dev, an empty throwaway database on a server of the same
// major version, and compares the schemas as [Drift] does. If they differ it records
// nothing and returns [ErrOtherSchema] with the changes, which lead from what the files
// make to what is. Like Apply it holds the lock meanwhile. A database that has revisions is
// refused with [ErrMigrated].
func Adopt(ctx context.Context, db, dev *sql.DB, dir migrate.Dir, o ApplyOptions) ([]*migrate.Revision, []catalog.Change, error) {
	r, err := openRunner(ctx, db, dir, o.withDefaults())
	if err != nil {
		return nil, nil, err
	}
	defer discard(r.conn)
	present, err := r.revisions.ReadRevisions(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read revisions: %w", err)
	}
	if len(present) > 0 {
		return nil, nil, fmt.Errorf("%w: the newest is %s", ErrMigrated, present[len(present)-1].Version)
	}
	files, err := filesUpTo(r.dir, o.To)
	if err != nil {
		return nil, nil, err
	}
	var whole []part
	for _, f := range files {
		whole = append(whole, part{File: f, statements: everyStatement})
	}
	changes, err := compareReplayed(ctx, db, dev, whole, o.Exclude)
	if err != nil {
		return nil, nil, err
	}
	if len(changes) > 0 {
		return nil, changes, ErrOtherSchema
	}
	adopted, err := r.record(ctx, files)
	if err == nil {
		r.saveSnapshot(ctx)
	}
	return adopted, nil, err
}

// filesUpTo returns the files up to a version, or all if it is empty.
func filesUpTo(dir loadedDir, version string) ([]migrate.File, error) {
	files := migrate.SkipCheckpointFiles(dir.files)
	if version == "" {
		return files, nil
	}
	last := slices.IndexFunc(files, func(f migrate.File) bool { return f.Version() == version })
	if last < 0 {
		return nil, fmt.Errorf("%w %s", ErrUnknownVersion, version)
	}
	return files[:last+1], nil
}

// record writes revisions of files that something else has applied, all or none.
func (r *runner) record(ctx context.Context, files []migrate.File) ([]*migrate.Revision, error) {
	tx, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("record migrations: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	var revs []*migrate.Revision
	for _, f := range files {
		statements, err := Statements(f)
		if err != nil {
			return nil, err
		}
		hash, err := r.dir.sum.SumByName(f.Name())
		if err != nil {
			return nil, fmt.Errorf("hash of %s: %w", f.Name(), err)
		}
		rev := &migrate.Revision{
			Version: f.Version(), Description: f.Desc(), Type: migrate.RevisionTypeExecute | migrate.RevisionTypeResolved,
			Applied: len(statements), Total: len(statements),
			ExecutedAt: time.Now(), Hash: hash, OperatorVersion: operator,
		}
		if err := r.revisions.on(tx).WriteRevision(ctx, rev); err != nil {
			return nil, fmt.Errorf("record %s: %w", f.Name(), err)
		}
		revs = append(revs, rev)
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("record migrations: %w", err)
	}
	return revs, nil
}
