package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"text/tabwriter"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/app"
	"commitment/internal/migration"
)

func migrateCommand(sys System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Plan, check and apply changes of the schema",
		Example: `  commitment migrate diff add_account_owner
  commitment migrate apply`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(diffCommand(sys), hashCommand(sys), checkCommand(sys), applyCommand(sys), statusCommand(sys))
	return cmd
}

func applyCommand(sys System) *cobra.Command {
	return &cobra.Command{
		Use:   "apply",
		Short: "Apply the pending migrations",
		Long: `Apply the pending migrations to DATABASE_URL, or to the private PostgreSQL where it
is not set. The migrations are those that were compiled in. Of several instances at
once one works and the others wait.`,
		Example: "  DATABASE_URL=postgres://owner@db/app commitment migrate apply",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sys.withDatabase(cmd.Context(), func(db *sql.DB, dir migrate.Dir) error {
				applied, err := migration.Apply(cmd.Context(), db, dir, migration.ApplyOptions{})
				for _, rev := range applied {
					fmt.Fprintf(sys.Stdout, "%s_%s: %d of %d statements in %v\n",
						rev.Version, rev.Description, rev.Applied, rev.Total, rev.ExecutionTime)
				}
				if err == nil && len(applied) == 0 {
					fmt.Fprintln(sys.Stdout, "Nothing to do: no migration is pending.")
				}
				return err
			})
		},
	}
}

func statusCommand(sys System) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show what is applied and what is pending",
		Long: `Show what is applied to DATABASE_URL, or to the private PostgreSQL where it is not
set, and what is pending.`,
		Example: "  commitment migrate status",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sys.withDatabase(cmd.Context(), func(db *sql.DB, dir migrate.Dir) error {
				status, err := migration.ReadStatus(cmd.Context(), db, dir)
				if err != nil {
					return err
				}
				return sys.printStatus(status)
			})
		},
	}
}

func (sys System) printStatus(status migration.Status) error {
	w := tabwriter.NewWriter(sys.Stdout, 0, 0, 2, ' ', 0)
	for _, rev := range status.Applied {
		state := "applied " + rev.ExecutedAt.UTC().Format("2006-01-02 15:04:05Z")
		if rev.Error != "" {
			state = fmt.Sprintf("stopped after %d of %d statements: %s", rev.Applied, rev.Total, rev.Error)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", rev.Version, rev.Description, state)
	}
	for _, file := range status.Pending {
		fmt.Fprintf(w, "%s\t%s\tpending\n", file.Version(), file.Desc())
	}
	for _, file := range status.OutOfOrder {
		fmt.Fprintf(w, "%s\t%s\tout of order: older than what is applied\n", file.Version(), file.Desc())
	}
	return w.Flush()
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
	database, err := app.OpenDatabase(ctx, cfg, func(line string) { fmt.Fprintln(sys.Stderr, line) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	return withPool(database, func(db *sql.DB) error { return work(db, dir) })
}

func withPool(database *app.Database, work func(*sql.DB) error) error {
	db, err := database.Pool()
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return work(db)
}
