package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"commitment/internal/app"
	"commitment/internal/migration"
	"commitment/internal/migration/dev"
	"commitment/internal/pgserver"
)

// withDatabase runs work on the configured database and the migrations that are
// compiled in.
func (sys System) withDatabase(ctx context.Context, work func(*sql.DB, migrate.Dir) error) (err error) {
	cfg, err := sys.load()
	if err != nil {
		return err
	}
	dir, err := migration.Embedded()
	if err != nil {
		return err
	}
	database, err := app.OpenDatabase(ctx, cfg, sys.say)
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
		return fmt.Errorf("connect to the database at %s: %w", database, unreachable(err))
	}
	return work(db, dir)
}

func devFlag(cmd *cobra.Command, url *string) {
	cmd.Flags().StringVar(url, "dev-url", "",
		"the `URL` of a server where databases may be made and dropped, instead of a throwaway PostgreSQL")
}

// withDev runs work on a server for throwaway databases: the one at databaseURL, or
// one that is itself thrown away.
func (sys System) withDev(ctx context.Context, databaseURL string, work func(*dev.Server) error) (err error) {
	if databaseURL == "" {
		private, err := sys.throwaway(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = private.Stop(context.WithoutCancel(ctx)) }() // it ends with the process at the latest
		databaseURL = private.URL("postgres")
	}
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return usageError{errors.New("--dev-url: want postgres://user:password@host:5432/database (the value isn't shown)")}
	}
	server, err := dev.Open(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("connect to the server of --dev-url at %s: %w", u.Host, unreachable(err))
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	return work(server)
}

func (sys System) throwaway(ctx context.Context) (*pgserver.Server, error) {
	cfg, err := sys.load()
	if err != nil {
		return nil, err
	}
	sys.busy("starting a throwaway PostgreSQL")
	return pgserver.Start(ctx, pgserver.Options{BinDir: cfg.PrivateServer.Programs})
}

// unreachable is why a server can't be reached, each reason once: pgx gives one for
// every address, and for every way of encryption.
func unreachable(err error) error {
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
