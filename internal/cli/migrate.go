package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func migrateCommand(sys System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Apply the migrations that this program brings along",
		Long: `Apply the migrations that this program brings along, or show what is applied.

They are planned and reviewed in the project, by "go run ./cmd/migrate".`,
		Example: `  commitment migrate status
  commitment migrate apply`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.NoArgs(cmd, args); err != nil {
				return fmt.Errorf(`%w: migrations are planned and reviewed by "go run ./cmd/migrate"`, err)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(ApplyCommand(sys), StatusCommand(sys, nil))
	return cmd
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
