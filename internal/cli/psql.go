package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"commitment/internal/app"
	"commitment/internal/config"
	"commitment/internal/pgserver"
)

func psqlCommand(sys System) *cobra.Command {
	return &cobra.Command{
		Use:   "psql [-- ARGUMENT...]",
		Short: "Open the private database in psql",
		Long: `Open the private database in psql, whether or not the service is running. Arguments
after -- are passed to psql. With DATABASE_URL set there is no private database: run
psql "$DATABASE_URL" instead.`,
		Example: "  commitment psql\n  commitment psql -- -c '\\d'",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := sys.Config()
			if err != nil {
				return err
			}
			if cfg.Database.URL != "" {
				return usageError{errors.New(`DATABASE_URL is set, so there is no private database: run psql "$DATABASE_URL"`)}
			}
			return sys.psql(cmd.Context(), cfg, args)
		},
	}
}

// psql runs psql on the private database. It stops the server afterwards, unless a
// service runs it.
func (sys System) psql(ctx context.Context, cfg config.Config, args []string) (err error) {
	program, err := findPsql(cfg.PrivateServer.BinDir)
	if err != nil {
		return err
	}
	database, err := app.OpenDatabase(ctx, cfg, sys.Say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()

	// Leave Ctrl-C to psql, where it cancels a statement.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, syscall.SIGINT)
	defer signal.Stop(interrupts)
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, args...)
	if cmd.Env, err = connectEnv(sys.Environ, database.URL); err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = sys.Stdin, sys.Stdout, sys.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("psql: %w", err)
	}
	return nil
}

// findPsql looks among PostgreSQL's other programs, then on PATH.
func findPsql(dir string) (string, error) {
	if p, err := pgserver.Find(dir); err == nil {
		program := filepath.Join(p.Dir, "psql")
		if _, err := os.Stat(program); err == nil {
			return program, nil
		}
	}
	program, err := exec.LookPath("psql")
	if err != nil {
		return "", fmt.Errorf("%w: install PostgreSQL's client (apt-get install postgresql-client, brew install libpq)", err)
	}
	return program, nil
}

// connectEnv returns environ with the variables with which libpq connects to the
// database at address. An argument would show the password to other users of the
// machine.
func connectEnv(environ []string, address string) ([]string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the private database has an invalid URL") // url.Parse's error would show it
	}
	password, _ := u.User.Password()
	return append(slices.Clip(environ),
		"PGHOST="+u.Hostname(), "PGPORT="+u.Port(), "PGUSER="+u.User.Username(), "PGPASSWORD="+password,
		"PGDATABASE="+u.Path[1:], "PGSSLMODE="+u.Query().Get("sslmode")), nil
}
