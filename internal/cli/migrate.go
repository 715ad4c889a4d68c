package cli

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/app"
	"commitment/internal/migration"
	"commitment/internal/migration/dev"
	"commitment/internal/pgserver"
)

// migrations is where the project keeps its migrations, seen from its root.
const migrations = "ent/migrate/migrations"

func migrateCommand(sys System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Plan, review and apply changes of the schema",
		Long: `Plan, review and apply changes of the schema.

The exit code is 0 when all is well, 1 when something was found, refused or failed,
and 2 when the command line or the environment is wrong.`,
		Example: `  commitment migrate diff add_account_owner
  commitment migrate review
  commitment migrate apply`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		diffCommand(sys), newCommand(sys), hashCommand(sys), validateCommand(sys), rebaseCommand(sys),
		reviewCommand(sys), statsCommand(sys),
		applyCommand(sys), statusCommand(sys), checkCommand(sys), downCommand(sys),
	)
	return cmd
}

// openDir opens the migrations on disk.
func openDir() (*migrate.LocalDir, error) {
	dir, err := migrate.NewLocalDir(migrations)
	if err != nil {
		return nil, usageError{fmt.Errorf("open %s: %w (run this in the project's root)", migrations, err)}
	}
	return dir, nil
}

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
	return work(db, dir)
}

func devFlag(cmd *cobra.Command, url *string) {
	cmd.Flags().StringVar(url, "dev-url", "",
		"a server where databases may be made and dropped, instead of a throwaway PostgreSQL")
}

// withDev runs work on a server for throwaway databases: the one at url, or one
// that is itself thrown away.
func (sys System) withDev(ctx context.Context, url string, work func(*dev.Server) error) (err error) {
	if url == "" {
		cfg, err := sys.load()
		if err != nil {
			return err
		}
		private, err := pgserver.Start(ctx, pgserver.Options{BinDir: cfg.PrivateServer.Programs})
		if err != nil {
			return err
		}
		defer func() { _ = private.Stop(context.WithoutCancel(ctx)) }() // it ends with the process at the latest
		url = private.URL("postgres")
	}
	server, err := dev.Open(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	return work(server)
}

// say writes a line of progress, beside the result.
func (sys System) say(line string) { fmt.Fprintln(sys.Stderr, line) }

// log is where a long operation tells what it is doing.
func (sys System) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(sys.Stderr, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
				return slog.Attr{}
			}
			return a
		},
	}))
}

func jsonFlag(cmd *cobra.Command, as *bool) {
	cmd.Flags().BoolVar(as, "json", false, "print JSON, for a program to read")
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
