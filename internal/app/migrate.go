package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
)

// migrate applies the embedded migrations.
func (d *Database) migrate(ctx context.Context, log *slog.Logger) (err error) {
	dir, err := migration.Embedded()
	if err != nil {
		return err
	}
	db, err := d.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	status, err := migration.ReadStatus(ctx, db, dir)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	unknown, err := unknownRevisions(status.Applied, dir)
	if err != nil {
		return err
	}
	if _, err = migration.Apply(ctx, db, dir, migration.ApplyOptions{Log: log}); err != nil {
		err = fmt.Errorf("migrate: %w", err)
	}
	if len(unknown) == 0 {
		return err
	}
	mismatch := fmt.Errorf("the database at %s has migrations that this program doesn't have: %s. %s",
		d, strings.Join(unknown, ", "), d.remedy())
	if err != nil {
		return errors.Join(mismatch, err)
	}
	log.WarnContext(ctx, "unknown migrations in the database", "error", mismatch)
	return nil
}

// unknownRevisions returns the applied revisions for which dir has no file: usually
// those of another branch or another program.
func unknownRevisions(applied []*migrate.Revision, dir migrate.Dir) ([]string, error) {
	files, err := dir.Files()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var unknown []string
	for _, rev := range applied {
		if rev.Type.Has(migrate.RevisionTypeExecute) && !slices.ContainsFunc(files, func(f migrate.File) bool { return f.Version() == rev.Version }) {
			unknown = append(unknown, rev.Version+"_"+rev.Description)
		}
	}
	return unknown, nil
}

// remedy says how to get a database that has only this program's migrations.
func (d *Database) remedy() string {
	if d.Private() {
		return fmt.Sprintf("To start with an empty database, move %s away or set COMMITMENT_DATA_DIR to another directory", d.server.Dir())
	}
	return "Set DATABASE_URL to another database, or run the program that has them"
}
