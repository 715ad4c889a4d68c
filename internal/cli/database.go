package cli

import (
	"context"
	"database/sql"
	"errors"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/app"
	"commitment/internal/migration"
)

// WithDatabase calls work with the configured database and the embedded migrations.
func (sys System) WithDatabase(ctx context.Context, work func(*sql.DB, migrate.Dir) error) (err error) {
	cfg, err := sys.Config()
	if err != nil {
		return err
	}
	dir, err := migration.Embedded()
	if err != nil {
		return err
	}
	database, err := app.OpenDatabase(ctx, cfg, sys.Say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	db, err := database.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return work(db, dir)
}
