package migrator

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"commitment/internal/app"
	"commitment/internal/cli"
	"commitment/internal/migrator/dev"
	"commitment/internal/pgserver"
)

func devFlag(cmd *cobra.Command, url *string) {
	cmd.Flags().StringVar(url, "dev-url", "",
		"the `URL` of a server on which to create throwaway databases, instead of a private PostgreSQL")
}

// withDev runs work with a server for throwaway databases: the one at databaseURL, or a
// private one that is stopped afterwards.
func (sys system) withDev(ctx context.Context, databaseURL string, work func(*dev.Server) error) (err error) {
	if databaseURL == "" {
		private, err := sys.throwaway(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = private.Stop(context.WithoutCancel(ctx)) }() // it ends with the process at the latest
		databaseURL = private.URL("postgres")
	}
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return cli.Usage(errors.New("--dev-url: want postgres://user:password@host:5432/database (the value isn't shown)"))
	}
	server, err := dev.Open(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("connect to the server of --dev-url at %s: %w", u.Host, app.ConnectError(err))
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	return work(server)
}

func (sys system) throwaway(ctx context.Context) (*pgserver.Server, error) {
	cfg, err := sys.Config()
	if err != nil {
		return nil, err
	}
	sys.Progress("starting a throwaway PostgreSQL")
	return pgserver.Start(ctx, pgserver.Options{BinDir: cfg.PrivateServer.BinDir})
}
