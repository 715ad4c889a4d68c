// Package cli is the command line of the service, and what the development tool shares
// with it: it reads the configuration, runs one command and reports the result. It
// handles signals, so that everything below starts and stops with a context.
package cli

import (
	"context"
	"errors"
	"io"
	"os/signal"
	"slices"
	"syscall"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/config"
)

// System is the environment of a command.
type System struct {
	// Environ are the environment variables, in the form of [os.Environ].
	Environ        []string
	Stdin          io.Reader // may be nil
	Stdout, Stderr io.Writer

	// Migrations opens the migrations that commands work with. Defaults to those
	// embedded in the program.
	Migrations func() (migrate.Dir, error)
	// DatabaseURL returns the database to migrate where the environment doesn't say
	// it. Defaults to nothing.
	DatabaseURL func() (string, error)
	// Exclude returns the project's patterns of objects that no migration makes. Defaults
	// to none.
	Exclude func() ([]string, error)
}

// The exit codes.
const (
	exitOK    = 0
	exitError = 1 // the command failed, or a check found something
	exitUsage = 2 // the command line or the environment is invalid
)

// usageError is an error in the command line or the environment.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Usage marks err as an error in the command line or the environment.
func Usage(err error) error { return usageError{err} }

// ExitCode returns the exit code for an error of Run.
func ExitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitError
}

// Run runs the service's command that args name. When ctx ends or the process is
// interrupted it asks the command to end; a second interrupt kills the process.
func Run(ctx context.Context, args []string, sys System) error {
	root := &cobra.Command{
		Use:     "commitment",
		Short:   "A service on PostgreSQL whose answers are commitments",
		Example: "  commitment serve\n  commitment migrate status",
	}
	root.AddCommand(serveCommand(sys), healthcheckCommand(sys), migrateCommand(sys), keysCommand(sys), workCommand(sys), jobsCommand(sys), psqlCommand(sys), tokenCommand(sys), versionCommand(sys))
	return Execute(ctx, root, args, sys)
}

// Execute is [Run] for the commands below root; root itself prints the help.
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

// wrapArgs makes a wrong number of arguments, and an unknown command, a usage error
// everywhere below cmd.
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
	environ := sys.Environ
	if sys.DatabaseURL != nil {
		url, err := sys.DatabaseURL()
		if err != nil {
			return config.Config{}, err
		}
		if url != "" {
			environ = append(slices.Clone(environ), "DATABASE_URL="+url)
		}
	}
	cfg, err := config.Load(environ)
	if err != nil {
		return cfg, usageError{err}
	}
	return cfg, nil
}
