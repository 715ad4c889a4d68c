// Package migrator is the development tool beside the service: it plans migrations from
// the entities, reviews what they will do to production, keeps the directory in order,
// and applies and takes back. What it has that the service lacks is never shipped: the
// code generator, the loader of packages, the planner and the reports.
package migrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/cli"
	"commitment/internal/migrator/plan"
)

// migrations is where the project keeps its migrations, seen from its root.
const migrations = "ent/migrate/migrations"

// system is what a command has of the system around it.
type system struct{ cli.System }

// Run runs the command that args name, as [cli.Run] does.
func Run(ctx context.Context, args []string, sys cli.System) error {
	return cli.Execute(ctx, command(system{sys}), args, sys)
}

func command(sys system) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Plan, review and apply changes of the schema",
		Long: `Plan, review and apply changes of the schema. Run it in the project's root.

The exit code is 0 when all is well, 1 when something was found, refused or failed,
and 2 when the command line or the environment is wrong.`,
		Example: `  go run ./cmd/migrate diff add_product_owner
  go run ./cmd/migrate review
  go run ./cmd/migrate apply`,
	}
	cmd.AddCommand(
		diffCommand(sys), newCommand(sys), hashCommand(sys), validateCommand(sys), rebaseCommand(sys),
		reviewCommand(sys), explainCommand(sys), statsCommand(sys), checkCommand(sys),
		applyCommand(sys), statusCommand(sys), downCommand(sys),
	)
	return cmd
}

func applyCommand(sys system) *cobra.Command {
	cmd := cli.ApplyCommand(sys.System)
	cmd.Example = `  go run ./cmd/migrate apply --dry-run
  DATABASE_URL=postgres://owner@db/app go run ./cmd/migrate apply`
	return cmd
}

// openDir opens the migrations on disk.
func openDir() (*migrate.LocalDir, error) {
	dir, err := migrate.NewLocalDir(migrations)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Usage(fmt.Errorf("there is no folder %s here: run this in the project's root", migrations))
	}
	if err != nil {
		return nil, cli.Usage(fmt.Errorf("open migrations: %w", err))
	}
	return dir, nil
}

// fileName takes one argument, the name of a migration.
func fileName(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return err
	}
	return plan.CheckName(args[0])
}

// exclusive takes no arguments, and of each group of flags one at most.
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
				return fmt.Errorf("%s don't go together", strings.Join(given, " and "))
			}
		}
		return cobra.NoArgs(cmd, args)
	}
}

// lastFlag is for a number of files.
func lastFlag(cmd *cobra.Command, n *int, usage string) {
	cmd.Flags().Func("last", usage, func(text string) error {
		given, err := strconv.Atoi(text)
		if err != nil || given < 1 {
			return errors.New("want a number from 1 on")
		}
		*n = given
		return nil
	})
}

func baseFlag(cmd *cobra.Command, base *string) {
	cmd.Flags().StringVar(base, "base", "main", "the branch, tag or commit (`REF`) in git that the files are compared with")
}
