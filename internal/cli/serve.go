package cli

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"commitment/internal/app"
)

func serveCommand(sys System) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the API until interrupted",
		Long: `Serve the API until interrupted.

Without DATABASE_URL a private PostgreSQL is started, with its data in the folder
.commitment, and the migrations are applied to it. With COMMITMENT_ENV=production
nothing is started or migrated. The README lists all settings.`,
		Example: `  commitment serve
  ADDR=127.0.0.1:9090 DEBUG=true commitment serve
  DATABASE_URL=postgres://app@db/app COMMITMENT_ENV=production commitment serve`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := sys.Config()
			if err != nil {
				return err
			}
			return app.Serve(cmd.Context(), cfg, app.Output{Screen: sys.Stdout, Log: sys.Stderr})
		},
	}
}

// healthcheckTimeout is shorter than the intervals at which containers are checked.
const healthcheckTimeout = 3 * time.Second

func healthcheckCommand(sys System) *cobra.Command {
	return &cobra.Command{
		Use:     "healthcheck",
		Short:   "Ask the service at ADDR whether it is alive",
		Long:    "Ask the service at ADDR whether it is alive, for a container that has no curl.",
		Example: "  commitment healthcheck && echo alive",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := sys.Config()
			if err != nil {
				return err
			}
			url, err := healthURL(cfg.Addr)
			if err != nil {
				return usageError{err}
			}
			req, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, url, http.NoBody)
			if err != nil {
				return usageError{err}
			}
			// Of its own, as the default one would ask the proxy of HTTP_PROXY.
			client := http.Client{Timeout: healthcheckTimeout, Transport: &http.Transport{}}
			resp, err := client.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("%s answered %s", url, resp.Status)
			}
			return nil
		},
	}
}

// healthURL is where a service that listens on addr is asked from the same host.
func healthURL(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + "/healthz", nil
}
