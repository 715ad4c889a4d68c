package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration/catalog"
)

// insufficientPrivilege is the SQLSTATE of what a role may not do.
const insufficientPrivilege = "42501"

// DriftError says that the schema was changed by something else than a migration.
type DriftError struct {
	// Version is the newest migration's.
	Version string
	// Changes lead from the schema as that migration left it to the one that is.
	Changes []catalog.Change
}

// Error lists the changes, one on a line.
func (e *DriftError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the schema isn't as migration %s left it, and no migration changed it:", e.Version)
	for _, c := range e.Changes {
		fmt.Fprintf(&b, "\n  %s", c)
	}
	return b.String()
}

// Drift compares the current schema of db with what the files of dir make that
// were applied to it. They are replayed on dev, an empty throwaway database on a
// server of the same major version, and their schema stays there for other uses.
// Of a file that was stopped halfway the statements count that were applied. The
// changes lead from what the files make to what is.
func Drift(ctx context.Context, db, dev *sql.DB, dir migrate.Dir) ([]catalog.Change, error) {
	revs, err := readCurrent(ctx, db)
	if err != nil {
		return nil, err
	}
	applied, err := appliedParts(dir, revs)
	if err != nil {
		return nil, err
	}
	if err := replayParts(ctx, dev, applied); err != nil {
		return nil, err
	}
	want, err := readPlainly(ctx, dev)
	if err != nil {
		return nil, fmt.Errorf("read the replayed schema: %w", err)
	}
	have, err := readPlainly(ctx, db)
	if err != nil {
		return nil, err
	}
	return withoutPartitions(catalog.Compare(want, have)), nil
}

// readPlainly reads the current schema at one moment.
func readPlainly(ctx context.Context, db *sql.DB) (catalog.Schema, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return catalog.Schema{}, err
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	if _, err := tx.ExecContext(ctx, plainly); err != nil {
		return catalog.Schema{}, err
	}
	return catalog.Read(ctx, tx)
}

// appliedParts are the files that were applied, and those older than the first
// revision, which the database brought along.
func appliedParts(dir migrate.Dir, revs []*migrate.Revision) ([]part, error) {
	all, err := dir.Files()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	byVersion := map[string]*migrate.Revision{}
	for _, rev := range revs {
		byVersion[rev.Version] = rev
	}
	var parts []part
	for _, f := range migrate.SkipCheckpointFiles(all) {
		switch rev, ok := byVersion[f.Version()]; {
		case ok && rev.Applied < rev.Total:
			parts = append(parts, part{File: f, statements: rev.Applied})
		case ok || len(revs) > 0 && f.Version() < revs[0].Version:
			parts = append(parts, part{File: f, statements: everyStatement})
		}
	}
	return parts, nil
}

// checkDrift compares the schema with the snapshot of the newest revision.
func checkDrift(ctx context.Context, snaps snapshots, revs []*migrate.Revision, o ApplyOptions) error {
	if len(revs) == 0 {
		return nil
	}
	newest := revs[len(revs)-1].Version
	changes, uncompared, err := snaps.changesSince(ctx, newest)
	switch {
	case err != nil:
		return fmt.Errorf("look for drift: %w", err)
	case uncompared != "":
		o.Log.InfoContext(ctx, "the schema is not looked at for drift", "reason", uncompared)
		return nil
	case len(changes) == 0:
		return nil
	}
	drift := &DriftError{Version: newest, Changes: changes}
	if !o.AllowDrift {
		return drift
	}
	o.Log.WarnContext(ctx, "going on although the schema has drifted", "drift", drift)
	return nil
}

// changesSince compares the schema with the snapshot that was kept after that
// version, or says why it can't be compared.
func (s snapshots) changesSince(ctx context.Context, version string) (changes []catalog.Change, uncompared string, err error) {
	kept, err := s.read(ctx)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == insufficientPrivilege {
		return nil, "its snapshot may not be read", nil
	}
	if err != nil {
		return nil, "", err
	}
	if kept == nil {
		return nil, "there is no snapshot of it", nil
	}
	if kept.version != version {
		return nil, fmt.Sprintf("its snapshot is of migration %s, and the newest is %s", kept.version, version), nil
	}
	now, err := s.take(ctx)
	if err != nil {
		return nil, "", err
	}
	if kept.server != now.server || kept.format != now.format {
		return nil, "its snapshot was taken by another version of PostgreSQL or of this program", nil
	}
	if kept.Origin != now.Origin {
		return nil, "its snapshot was taken in the database that this one is a copy of", nil
	}
	return withoutPartitions(catalog.CompareObjects(kept.Objects, now.Objects)), "", nil
}

// isPartition finds the definition of a table that is a part of another.
var isPartition = regexp.MustCompile(`^TABLE (UNLOGGED )?PARTITION OF `)

// withoutPartitions leaves out the partitions that came or went, with what belongs
// to them: jobs make them and drop them, as rows come and age.
func withoutPartitions(changes []catalog.Change) []catalog.Change {
	moved := map[string]bool{}
	for _, c := range changes {
		if c.Kind == catalog.KindTable && (c.Before == "" || c.After == "") && isPartition.MatchString(c.Before+c.After) {
			moved[c.Name] = true
		}
	}
	return slices.DeleteFunc(changes, func(c catalog.Change) bool {
		return moved[c.Table] || c.Kind == catalog.KindTable && moved[c.Name]
	})
}

// keepSnapshot leaves a schema without one when that isn't to be had: before its
// next migration it is then not looked at for drift.
func (r *runner) keepSnapshot(ctx context.Context, version string) {
	if err := r.snapshots.keep(ctx, version); err != nil {
		r.options.Log.WarnContext(ctx, "no snapshot of the schema is kept: its drift won't be seen", "error", err)
	}
}
