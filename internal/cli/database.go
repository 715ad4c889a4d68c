package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/app"
	"commitment/internal/migration"
)

// WithDatabase runs work on the configured database and the migrations that are
// compiled in.
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
	db, err := database.Pool()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("connect to the database at %s: %w", database, Unreachable(err))
	}
	return work(db, dir)
}

// Unreachable is why a server can't be reached, each reason once: pgx gives one for
// every address, and for every way of encryption.
func Unreachable(err error) error {
	failed, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err
	}
	var reasons []string
	for line := range strings.Lines(failed.Unwrap().Error()) {
		if line = strings.TrimSpace(line); !slices.Contains(reasons, line) {
			reasons = append(reasons, line)
		}
	}
	return errors.New(strings.Join(reasons, "; "))
}
