package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"commitment/internal/migration/plan"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"
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
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageError{fmt.Errorf("there is no folder %s here: run this in the project's root", migrations)}
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("open migrations: %w", err)}
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

// timeoutFlag is for a time that is given as more than zero. What *timeout is, is its
// default; zero is none.
func timeoutFlag(cmd *cobra.Command, timeout *time.Duration, name, usage string) {
	if *timeout > 0 {
		usage = fmt.Sprintf("%s (default %v)", usage, *timeout)
	}
	cmd.Flags().Func(name, usage, func(text string) error {
		given, err := time.ParseDuration(text)
		if err != nil || given < time.Millisecond {
			return errors.New("want a time such as 500ms or 2s")
		}
		*timeout = given
		return nil
	})
}

func baseFlag(cmd *cobra.Command, base *string) {
	cmd.Flags().StringVar(base, "base", "main", "the branch, tag or commit (`REF`) in git that the files are compared with")
}
