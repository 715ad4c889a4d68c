// Package cli is the command line of the service, and what that of the development tool
// shares with it: it reads the configuration, runs one command, and says how it went.
// Signals belong to it, so that everything below starts and stops with a context.
package cli

import (
	"context"
	"errors"
	"io"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"commitment/internal/config"
)

// System is what a command has of the system around it.
type System struct {
	// Environ are the variables, as [os.Environ] has them.
	Environ        []string
	Stdin          io.Reader // nil is empty
	Stdout, Stderr io.Writer
}

// The exit codes, as a script or a pipeline sees them.
const (
	exitOK    = 0
	exitError = 1 // it failed, or found what it looks for
	exitUsage = 2 // the command line, or the environment, is wrong
)

// usageError is an error of whoever typed the command.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Usage makes err an error of whoever typed the command.
func Usage(err error) error { return usageError{err} }

// ExitCode is the exit code that an error of Run stands for.
func ExitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitError
}

// Run runs the service's command that args name. It ends when the command is done, and
// asks it to end when ctx does or the process is interrupted; a second interrupt kills
// the process.
func Run(ctx context.Context, args []string, sys System) error {
	root := &cobra.Command{
		Use:     "commitment",
		Short:   "A service on PostgreSQL whose answers are commitments",
		Example: "  commitment serve\n  commitment migrate status",
	}
	root.AddCommand(serveCommand(sys), healthcheckCommand(sys), migrateCommand(sys), psqlCommand(sys), versionCommand(sys))
	return Execute(ctx, root, args, sys)
}

// Execute is [Run] for the commands below root, which itself shows their help.
func Execute(ctx context.Context, root *cobra.Command, args []string, sys System) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	root.Args = cobra.NoArgs
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.SilenceErrors = true // main prints them
	root.SilenceUsage = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SetArgs(args)
	root.SetOut(sys.Stdout)
	root.SetErr(sys.Stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	wrapArgs(root)
	if err := root.ExecuteContext(ctx); err != nil {
		return printableError{err}
	}
	return nil
}

// wrapArgs makes the wrong number of arguments, and an unknown command, an error
// of usage everywhere below cmd.
func wrapArgs(cmd *cobra.Command) {
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
}

// Config reads the configuration.
func (sys System) Config() (config.Config, error) {
	cfg, err := config.Load(sys.Environ)
	if err != nil {
		return cfg, usageError{err}
	}
	return cfg, nil
}
