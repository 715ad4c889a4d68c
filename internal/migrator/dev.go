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
		"the `URL` of a server on which to create throwaway databases, instead of atlas.hcl's dev or a private PostgreSQL")
}

// withDev runs work with a server for throwaway databases: the one at databaseURL, the one
// of atlas.hcl, or a private one that is stopped afterwards.
func (sys system) withDev(ctx context.Context, databaseURL string, work func(*dev.Server) error) (err error) {
	p, err := sys.project()
	if err != nil {
		return err
	}
	server, stop, err := sys.openDev(ctx, databaseURL, p.DevURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()); stop() }()
	if p.Baseline != "" {
		if err := server.UseBaseline(ctx, p.Baseline); err != nil {
			return fmt.Errorf("run the baseline in a throwaway database: %w", err)
		}
	}
	return work(server)
}

// openDev opens the server. Whether that of atlas.hcl can be reached depends on the
// machine, so that a private one takes its place.
func (sys system) openDev(ctx context.Context, flag, env string) (_ *dev.Server, stop func(), err error) {
	stop = func() {}
	if flag != "" {
		server, err := connectDev(ctx, flag)
		return server, stop, err
	}
	if env != "" {
		server, err := connectDev(ctx, env)
		if err == nil {
			return server, stop, nil
		}
		sys.Say(fmt.Sprintf("using a private PostgreSQL instead of atlas.hcl's dev: %v", err))
	}
	private, err := sys.throwaway(ctx)
	if err != nil {
		return nil, stop, err
	}
	stop = func() { _ = private.Stop(context.WithoutCancel(ctx)) } // it ends with the process at the latest
	server, err := dev.Open(ctx, private.URL("postgres"))
	if err != nil {
		stop()
		return nil, stop, fmt.Errorf("connect to the private PostgreSQL: %w", err)
	}
	return server, stop, nil
}

// connectDev opens the server that a URL names.
func connectDev(ctx context.Context, databaseURL string) (*dev.Server, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, cli.Usage(errors.New("--dev-url: want postgres://user:password@host:5432/database (the value isn't shown)"))
	}
	server, err := dev.Open(ctx, databaseURL)
	if err != nil {
		return nil, fmt.Errorf("connect to the dev server at %s: %w", u.Host, app.ConnectError(err))
	}
	return server, nil
}

func (sys system) throwaway(ctx context.Context) (*pgserver.Server, error) {
	cfg, err := sys.Config()
	if err != nil {
		return nil, err
	}
	sys.Progress("starting a throwaway PostgreSQL")
	return pgserver.Start(ctx, pgserver.Options{BinDir: cfg.PrivateServer.BinDir})
}
