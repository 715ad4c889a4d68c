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

Without DATABASE_URL, serve starts a private PostgreSQL with its data in .commitment.
It applies the migrations before it serves. With COMMITMENT_ENV=production it starts
no server and applies no migrations. All settings are listed in docs/settings.md.`,
		Example: `  commitment serve
  ADDR=127.0.0.1:9090 DEBUG=true commitment serve
  DATABASE_URL=postgres://commitment_app@db/app COMMITMENT_ENV=production \
    AUTH_ISSUER=https://login.example.com AUTH_AUDIENCE=books commitment serve`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := sys.Config()
			if err != nil {
				return err
			}
			if err := cfg.CheckServe(); err != nil {
				return Usage(err)
			}
			return app.Serve(cmd.Context(), cfg, app.Output{Console: sys.Stdout, Log: sys.Stderr})
		},
	}
}

// healthcheckTimeout is shorter than the usual interval of a container's health checks.
const healthcheckTimeout = 3 * time.Second

func healthcheckCommand(sys System) *cobra.Command {
	return &cobra.Command{
		Use:     "healthcheck",
		Short:   "Ask the service at ADDR whether it is alive",
		Long:    "Ask the service at ADDR whether it is alive: a health check for containers without curl.",
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
			// The default transport would use HTTP_PROXY.
			client := http.Client{Timeout: healthcheckTimeout, Transport: &http.Transport{}}
			resp, err := client.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("%s responded %s", url, resp.Status)
			}
			return nil
		},
	}
}

// healthURL returns the URL of the health check for a service that listens on addr of
// this host.
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
