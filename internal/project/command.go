package project

import (
	"context"
	"errors"
	"io"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Run runs the command `new` with args. An interrupt ends it and leaves nothing half
// done.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var s Settings
	var upgrade, core bool
	root := &cobra.Command{
		Use:   "new DIR --module PATH",
		Short: "Make a project of your own in the new directory DIR",
		Example: `  go run ./cmd/new ../tasks --module github.com/acme/tasks --entity Task
  go run ./cmd/new --upgrade ../tasks`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return errors.New("want one directory, as in: go run ./cmd/new ../tasks --module github.com/acme/tasks")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if !upgrade {
				if err := s.complete(); err != nil {
					return err
				}
			}
			src, err := findSource(cmd.Context())
			switch {
			case err != nil:
				return err
			case upgrade:
				return src.upgrade(cmd.Context(), args[0], stdout)
			case core:
				files, err := src.core(cmd.Context(), s)
				if err != nil {
					return err
				}
				return files.write(args[0])
			}
			return src.make(cmd.Context(), args[0], s, stdout)
		},
	}
	flags := root.Flags()
	flags.StringVar(&s.Module, "module", "", "path of the new Go module, such as github.com/acme/tasks")
	flags.StringVar(&s.Name, "name", "", "name of the service (default: last element of the module path)")
	flags.StringVar(&s.Entity, "entity", "", "name of a first entity, such as Task, with a table and a REST resource")
	flags.BoolVar(&s.Example, "keep-example", false, "keep the ledger example")
	flags.BoolVar(&upgrade, "upgrade", false, "upgrade the core of the project in DIR to this checkout's version")
	flags.BoolVar(&core, "core", false, "write only the core, for the upgrade by a later version")
	_ = flags.MarkHidden("core")
	root.MarkFlagsMutuallyExclusive("upgrade", "module")
	root.MarkFlagsMutuallyExclusive("upgrade", "name")
	root.MarkFlagsMutuallyExclusive("upgrade", "entity")
	root.MarkFlagsMutuallyExclusive("upgrade", "keep-example")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}
