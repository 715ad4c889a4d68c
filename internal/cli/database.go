package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/app"
	"commitment/internal/config"
	"commitment/internal/migration"
)

// OpenDir opens a folder of migrations.
func OpenDir(folder string) (*migrate.LocalDir, error) {
	dir, err := migrate.NewLocalDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Usage(fmt.Errorf("there is no folder %s", folder))
	}
	if err != nil {
		return nil, Usage(fmt.Errorf("open migrations: %w", err))
	}
	return dir, nil
}

func (sys System) migrations() (migrate.Dir, error) {
	if sys.Migrations == nil {
		return migration.Embedded()
	}
	return sys.Migrations()
}

// WithDatabase calls work with the configured database and the migrations.
func (sys System) WithDatabase(ctx context.Context, work func(*sql.DB, migrate.Dir) error) error {
	return sys.WithConnection(ctx, func(db *sql.DB) error {
		dir, err := sys.migrations()
		if err != nil {
			return err
		}
		return work(db, dir)
	})
}

// withOpen calls work with the configured database, which is open meanwhile.
func (sys System) withOpen(ctx context.Context, work func(config.Config, *app.Database) error) (err error) {
	cfg, err := sys.Config()
	if err != nil {
		return err
	}
	database, err := app.OpenDatabase(ctx, cfg, sys.Say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	return work(cfg, database)
}

// WithConnection calls work with the configured database.
func (sys System) WithConnection(ctx context.Context, work func(*sql.DB) error) error {
	return sys.withOpen(ctx, func(cfg config.Config, database *app.Database) (err error) {
		db, err := database.Connect(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		return work(db)
	})
}
