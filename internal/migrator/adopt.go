package migrator

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/cli"
	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/printable"
)

func adoptCommand(sys system) *cobra.Command {
	var (
		o      migration.ApplyOptions
		devURL string
	)
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Go on from a database that another tool has migrated",
		Long: `Record the migrations as applied to DATABASE_URL, on which another tool has applied
them, so that apply goes on from there. None of them runs there: they are replayed in a
throwaway PostgreSQL, and if they don't make the schema that the database has, the
differences are printed and nothing is recorded.`,
		Example: `  DATABASE_URL=postgres://owner@db/app go run ./cmd/migrate adopt
  DATABASE_URL=postgres://owner@db/app migrate adopt --dir db/migrations --to 20260315093000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := sys.project()
			if err != nil {
				return err
			}
			o.Log, o.Exclude = sys.Log(), append(o.Exclude, p.Exclude...)
			return sys.WithDatabase(cmd.Context(), func(db *sql.DB, dir migrate.Dir) error {
				adopted, changes, err := sys.adopt(cmd.Context(), db, dir, devURL, o)
				return sys.printAdopted(adopted, changes, err)
			})
		},
	}
	cmd.Flags().StringVar(&o.To, "to", "", "the `VERSION` of the last migration that is applied (default the last one)")
	cli.ExcludeFlag(cmd, &o.Exclude)
	devFlag(cmd, &devURL)
	return cmd
}

func (sys system) adopt(
	ctx context.Context, db *sql.DB, dir migrate.Dir, devURL string, o migration.ApplyOptions,
) (adopted []*migrate.Revision, changes []catalog.Change, err error) {
	err = sys.withDev(ctx, devURL, func(server *dev.Server) (err error) {
		scratch, err := server.Database(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, scratch.Drop(ctx)) }()
		adopted, changes, err = migration.Adopt(ctx, db, scratch.DB, dir, o)
		return err
	})
	return adopted, changes, err
}

// printAdopted prints what was recorded, or the differences because of which it wasn't.
func (sys system) printAdopted(adopted []*migrate.Revision, changes []catalog.Change, err error) error {
	for _, c := range changes {
		fmt.Fprint(sys.Stdout, printable.Text(fmt.Sprintf("differs: %s\n", c)))
	}
	switch {
	case errors.Is(err, migration.ErrOtherSchema):
		return fmt.Errorf("%w: --to names the last one that is applied, and --exclude what isn't theirs", err)
	case errors.Is(err, migration.ErrMigrated):
		return fmt.Errorf("%w, so that apply goes on from there", err)
	case err != nil:
		return err
	case len(adopted) == 0:
		fmt.Fprintln(sys.Stdout, "Nothing to do: there are no migrations.")
		return nil
	}
	fmt.Fprintf(sys.Stdout, "Recorded as applied: %d, up to %s. The schema is what they make.\n", len(adopted), adopted[len(adopted)-1].Version)
	return nil
}
