package cli

import (
	"errors"
	"fmt"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/migration"
)

func migrateCommand(sys System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Apply the migrations embedded in this program",
		Long: `Apply the migrations embedded in this program, or show which are applied.

Plan and review migrations in the project, with "go run ./cmd/migrate".`,
		Example: `  commitment migrate status
  commitment migrate apply --phase expand`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.NoArgs(cmd, args); err != nil {
				return fmt.Errorf(`%w: to plan or review migrations, run "go run ./cmd/migrate"`, err)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	folder := cmd.PersistentFlags().String("dir", "", "read the migrations from a `FOLDER` instead of the program")
	sys.Migrations = func() (migrate.Dir, error) {
		if *folder == "" {
			return migration.Embedded()
		}
		return OpenDir(*folder)
	}
	cmd.AddCommand(ApplyCommand(sys, nil), StatusCommand(sys, nil))
	return cmd
}

// timeoutFlag adds a flag for a timeout, which must be positive. *timeout is the
// default, unless it is zero.
func timeoutFlag(cmd *cobra.Command, timeout *time.Duration, name, usage string) {
	if *timeout > 0 {
		usage = fmt.Sprintf("%s (default %v)", usage, *timeout)
	}
	cmd.Flags().Func(name, usage, func(text string) error {
		given, err := time.ParseDuration(text)
		if err != nil || given < time.Millisecond {
			return errors.New("want a duration of at least 1ms, such as 500ms or 2s")
		}
		*timeout = given
		return nil
	})
}
