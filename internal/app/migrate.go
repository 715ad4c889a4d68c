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

// migrate applies the migrations that are compiled in.
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
	strange, err := strangers(status.Applied, dir)
	if err != nil {
		return err
	}
	if _, err = migration.Apply(ctx, db, dir, migration.ApplyOptions{Log: log}); err != nil {
		err = fmt.Errorf("migrate: %w", err)
	}
	if len(strange) == 0 {
		return err
	}
	others := fmt.Errorf("the database at %s was made by other migrations: this program has no %s. %s",
		d, strings.Join(strange, ", "), d.otherwise())
	if err != nil {
		return errors.Join(others, err)
	}
	log.WarnContext(ctx, "the database has migrations that this program doesn't know", "error", others)
	return nil
}

// strangers are the revisions that no file of dir has made: of another branch, as a
// rule, or of another program.
func strangers(applied []*migrate.Revision, dir migrate.Dir) ([]string, error) {
	files, err := dir.Files()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var strange []string
	for _, rev := range applied {
		if rev.Type.Has(migrate.RevisionTypeExecute) && !slices.ContainsFunc(files, func(f migrate.File) bool { return f.Version() == rev.Version }) {
			strange = append(strange, rev.Version+"_"+rev.Description)
		}
	}
	return strange, nil
}

// otherwise is how to get at a database that has only the migrations of this program.
func (d *Database) otherwise() string {
	if d.Private() {
		return fmt.Sprintf("To start with an empty one, move %s away, or set COMMITMENT_DATA_DIR to another folder", d.server.Dir())
	}
	return "Set DATABASE_URL to another one, or run the program that made it"
}
