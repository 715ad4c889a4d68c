package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/app"
	"commitment/internal/migration"
)

// WithDir adds the flag --dir to the commands below cmd and returns the System to make
// them with. Folder is the flag's default; if it is empty, the default are the migrations
// embedded in the program.
func (sys System) WithDir(cmd *cobra.Command, folder, usage string) System {
	sys.dir = cmd.PersistentFlags().String("dir", folder, usage)
	return sys
}

// Dir is the folder of --dir; empty for the migrations embedded in the program.
func (sys System) Dir() string {
	if sys.dir == nil {
		return ""
	}
	return *sys.dir
}

// OpenDir opens the folder of --dir.
func (sys System) OpenDir() (*migrate.LocalDir, error) {
	dir, err := migrate.NewLocalDir(sys.Dir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Usage(fmt.Errorf("there is no folder %s here: run it in the project's root, or set --dir", sys.Dir()))
	}
	if err != nil {
		return nil, Usage(fmt.Errorf("open migrations: %w", err))
	}
	return dir, nil
}

// Migrations returns the migrations of --dir, or those embedded in the program.
func (sys System) Migrations() (migrate.Dir, error) {
	if sys.Dir() == "" {
		return migration.Embedded()
	}
	return sys.OpenDir()
}

// WithDatabase calls work with the configured database and the migrations.
func (sys System) WithDatabase(ctx context.Context, work func(*sql.DB, migrate.Dir) error) error {
	return sys.WithConnection(ctx, func(db *sql.DB) error {
		dir, err := sys.Migrations()
		if err != nil {
			return err
		}
		return work(db, dir)
	})
}

// WithConnection calls work with the configured database.
func (sys System) WithConnection(ctx context.Context, work func(*sql.DB) error) (err error) {
	cfg, err := sys.Config()
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
	return work(db)
}
