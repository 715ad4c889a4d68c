package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"commitment/internal/app"
)

func tokenCommand(sys System) *cobra.Command {
	var subject, tenant string
	var scopes []string
	var lifetime time.Duration
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print a token for development",
		Long: `Print a token for development, signed with a key in COMMITMENT_DATA_DIR. The service
accepts it in development, unless AUTH_ISSUER is set. Production never does.`,
		Example: `  curl -H "Authorization: Bearer $(commitment token)" http://127.0.0.1:8080/v1/…
  commitment token --tenant other --scope books:read`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := sys.Config()
			if err != nil {
				return err
			}
			if !app.IssuesTokens(cfg) {
				return Usage(errors.New("tokens are issued in development only, with AUTH=on and without AUTH_ISSUER"))
			}
			if lifetime <= 0 {
				return Usage(errors.New("--lifetime must be positive"))
			}
			token, err := app.DevelopmentToken(cfg, subject, tenant, scopes, lifetime)
			if err != nil {
				return err
			}
			fmt.Fprintln(sys.Stdout, token)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&subject, "subject", app.DevelopmentSubject, "`SUBJECT` who sends the requests")
	f.StringVar(&tenant, "tenant", app.DevelopmentTenant, "`TENANT` whose data they work with: its name or UUID; empty is none")
	f.StringSliceVar(&scopes, "scope", nil, "`SCOPE` that the token has; can be repeated (default all)")
	f.DurationVar(&lifetime, "lifetime", app.DevelopmentLifetime, "`TIME` for which it is valid")
	return cmd
}
