package migrator

import (
	"context"
	"database/sql"
	"errors"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/cli"
	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
)

func statusCommand(sys system) *cobra.Command {
	var (
		asked   bool
		devURL  string
		exclude []string
	)
	cmd := cli.StatusCommand(sys.System, func(ctx context.Context, db *sql.DB, dir migrate.Dir) ([]catalog.Change, error) {
		if !asked {
			return nil, nil
		}
		return sys.drift(ctx, db, dir, devURL, exclude)
	})
	cmd.Short = "Show what is applied, what is pending, and what has drifted"
	cmd.Long += `

With --drift the applied files are replayed in a throwaway PostgreSQL, and differences
of the database are printed: in tables, views, functions, triggers and policies, and
constraints and indexes that aren't valid. Any difference is exit code 1.`
	cmd.Example = `  go run ./cmd/migrate status
  DATABASE_URL=postgres://owner@db/app go run ./cmd/migrate status --drift`
	cmd.Flags().BoolVar(&asked, "drift", false, "compare the database with what its applied files make")
	cli.ExcludeFlag(cmd, &exclude)
	devFlag(cmd, &devURL)
	return cmd
}

// drift is how the database differs from what its applied files make.
func (sys system) drift(ctx context.Context, db *sql.DB, dir migrate.Dir, devURL string, exclude []string) (changes []catalog.Change, err error) {
	p, err := sys.project()
	if err != nil {
		return nil, err
	}
	err = sys.withDev(ctx, devURL, func(server *dev.Server) (err error) {
		scratch, err := server.Database(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, scratch.Drop(ctx)) }()
		found, err := migration.Drift(ctx, db, scratch.DB, dir, append(exclude, p.Exclude...))
		changes = append([]catalog.Change{}, found...) // nil is for what wasn't looked at
		return err
	})
	return changes, err
}
