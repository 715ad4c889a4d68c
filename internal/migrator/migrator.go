// Package migrator is the development tool beside the service: it plans migrations from
// the entities, reviews what they will do to production, keeps the directory in order,
// and applies and reverts. The code generator, the loader of packages, the planner and
// the reports are here, so that the service ships without them.
package migrator

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"commitment/internal/cli"
	"commitment/internal/migration"
	"commitment/internal/migrator/plan"
)

// migrations is the default of --dir, from the project's root.
const migrations = "ent/migrate/migrations"

// system is the environment of a command.
type system struct {
	cli.System
	project func() (project, error)
}

// Run runs the command that args name, as [cli.Run] does.
func Run(ctx context.Context, args []string, sys cli.System) error {
	return cli.Execute(ctx, command(system{System: sys}), args, sys)
}

func command(sys system) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Plan, review and apply changes of the schema",
		Long: `Plan, review and apply changes of the schema. Run it anywhere in the project.

Where the migrations and the entities are is read from atlas.hcl, if there is one.
Migrations of golang-migrate, goose, dbmate and Flyway are reviewed, applied and reverted,
too. Without entities there is nothing to plan from, and no code to check.

The exit code is 0 on success, 1 when something was found, refused or failed, and 2
when the command line or the environment is invalid.`,
		Example: `  go run ./cmd/migrate diff add_product_owner
  go run ./cmd/migrate review
  go run ./cmd/migrate apply`,
	}
	sys = sys.withProject(cmd)
	cmd.AddCommand(
		diffCommand(sys), newCommand(sys), hashCommand(sys), validateCommand(sys), rebaseCommand(sys),
		reviewCommand(sys), explainCommand(sys), statsCommand(sys), checkCommand(sys),
		applyCommand(sys), adoptCommand(sys), statusCommand(sys), downCommand(sys),
	)
	return cmd
}

func applyCommand(sys system) *cobra.Command {
	var (
		precheck bool
		devURL   string
	)
	cmd := cli.ApplyCommand(sys.System, func(ctx context.Context, db *sql.DB, o migration.ApplyOptions) error {
		if !precheck {
			return nil
		}
		return sys.precheck(ctx, db, o, devURL)
	})
	cmd.Long += `

With --precheck the pending files are reviewed first, and the queries that tell which of
them would fail on the rows of this database are run. If one finds a row, nothing is
applied.`
	cmd.Example = `  go run ./cmd/migrate apply --dry-run
  DATABASE_URL=postgres://owner@db/app go run ./cmd/migrate apply --precheck`
	apply := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := apply(cmd, args)
		if errors.Is(err, migration.ErrNotEmpty) {
			err = fmt.Errorf("%w; adopt goes on from what another tool has applied", err)
		}
		return err
	}
	cmd.Flags().BoolVar(&precheck, "precheck", false, "first look for rows that would make a pending file fail, and apply nothing if there are any")
	devFlag(cmd, &devURL)
	return cmd
}

// fileName takes one argument, the name of a migration.
func fileName(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return err
	}
	return plan.CheckName(args[0])
}

// exclusive allows no arguments, and at most one flag of each group.
func exclusive(groups ...[]string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		for _, group := range groups {
			var given []string
			for _, name := range group {
				if cmd.Flags().Changed(name) {
					given = append(given, "--"+name)
				}
			}
			if len(given) > 1 {
				return fmt.Errorf("%s can't be combined", strings.Join(given, " and "))
			}
		}
		return cobra.NoArgs(cmd, args)
	}
}

// lastFlag adds a flag for a number of files.
func lastFlag(cmd *cobra.Command, n *int, usage string) {
	cmd.Flags().Func("last", usage, func(text string) error {
		given, err := strconv.Atoi(text)
		if err != nil || given < 1 {
			return errors.New("want a number of at least 1")
		}
		*n = given
		return nil
	})
}

func baseFlag(cmd *cobra.Command, base *string) {
	cmd.Flags().StringVar(base, "base", "main", "the branch, tag or commit (`REF`) in git to compare the files with")
}
