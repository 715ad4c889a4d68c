package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/app"
	"commitment/internal/migration"
	"commitment/internal/pgserver"
)

// migrations is where the project keeps its migrations, seen from its root.
const migrations = "ent/migrate/migrations"

func diffCommand(sys System) *cobra.Command {
	var devURL string
	cmd := &cobra.Command{
		Use:   "diff NAME",
		Short: "Plan the migration from the files to the entities",
		Long: `Plan the migration from the files in ` + migrations + ` to the entities in
ent/schema, and write it beside them for review. Run it in the project's root,
after "go generate ./...". The files are replayed in a throwaway PostgreSQL.`,
		Example: "  go run ./cmd/commitment migrate diff add_account_owner",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := openDir()
			if err != nil {
				return err
			}
			return sys.withDev(cmd.Context(), devURL, func(dev *sql.DB) error {
				files, err := migration.Diff(cmd.Context(), dev, dir, args[0])
				if err != nil {
					return err
				}
				if len(files) == 0 {
					fmt.Fprintln(sys.Stdout, "Nothing to do: the files make what the entities declare.")
				}
				for _, file := range files {
					fmt.Fprintf(sys.Stdout, "%s/%s\n", migrations, file)
				}
				return nil
			})
		},
	}
	devFlag(cmd, &devURL)
	return cmd
}

func hashCommand(sys System) *cobra.Command {
	return &cobra.Command{
		Use:   "hash",
		Short: "Write atlas.sum anew, after a migration was written or edited by hand",
		Long: `Write atlas.sum anew, after a file in ` + migrations + ` was written or
edited by hand. Run it in the project's root.`,
		Example: "  go run ./cmd/commitment migrate hash",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := openDir()
			if err != nil {
				return err
			}
			sum, err := dir.Checksum()
			if err != nil {
				return fmt.Errorf("hash %s: %w", migrations, err)
			}
			if err := migrate.WriteSumFile(dir, sum); err != nil {
				return fmt.Errorf("write %s: %w", migrate.HashFileName, err)
			}
			fmt.Fprintf(sys.Stdout, "%s/%s\n", migrations, migrate.HashFileName)
			return nil
		},
	}
}

// openDir opens the migrations on disk.
func openDir() (*migrate.LocalDir, error) {
	dir, err := migrate.NewLocalDir(migrations)
	if err != nil {
		return nil, usageError{fmt.Errorf("open %s: %w (run this in the project's root)", migrations, err)}
	}
	return dir, nil
}

func checkCommand(sys System) *cobra.Command {
	var devURL string
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Fail when the files don't make what the entities declare",
		Example: "  commitment migrate check",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := migration.Embedded()
			if err != nil {
				return err
			}
			return sys.withDev(cmd.Context(), devURL, func(dev *sql.DB) error {
				return migration.Check(cmd.Context(), dev, dir)
			})
		},
	}
	devFlag(cmd, &devURL)
	return cmd
}

func devFlag(cmd *cobra.Command, url *string) {
	cmd.Flags().StringVar(url, "dev-url", "",
		"an empty database to replay the files in, instead of a throwaway PostgreSQL")
}

// withDev runs work on an empty database that is thrown away.
func (sys System) withDev(ctx context.Context, url string, work func(*sql.DB) error) (err error) {
	if url != "" {
		return withPool(&app.Database{URL: url}, work)
	}
	cfg, err := sys.load()
	if err != nil {
		return err
	}
	server, err := pgserver.Start(ctx, pgserver.Options{BinDir: cfg.PrivateServer.Programs})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
	return withPool(&app.Database{URL: server.URL("postgres")}, work)
}
