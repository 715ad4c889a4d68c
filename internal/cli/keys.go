package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"commitment/ent"
	"commitment/internal/app"
	"commitment/internal/authn"
	"commitment/internal/config"
	"commitment/internal/identity"
	"commitment/internal/postgres"
	"commitment/internal/printable"
	"commitment/internal/txn"
)

func keysCommand(sys System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Create, list and revoke API keys",
		Long: `Create, list and revoke the API keys in DATABASE_URL, or in the private PostgreSQL if
that is not set. A program sends its key as "Authorization: Bearer KEY".`,
		Example: `  commitment keys create --name billing --tenant acme --scope books:read
  commitment keys list`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(keysCreateCommand(sys), keysListCommand(sys), keysRevokeCommand(sys))
	return cmd
}

func keysCreateCommand(sys System) *cobra.Command {
	var key authn.NewKey
	var tenant string
	var lifetime time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "create --name NAME",
		Short: "Create an API key and print it",
		Long: `Create an API key and print it. This is the only time that it is shown: the database
has only a hash of it.`,
		Example: `  commitment keys create --name billing --tenant acme --scope books:read --scope books:write
  commitment keys create --name ci --expires 90d`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key.Name = strings.TrimSpace(key.Name)
			if n := utf8.RuneCountInString(key.Name); n == 0 || n > 200 {
				return Usage(errors.New("--name must have 1 to 200 characters that say what the key is for"))
			}
			key.Tenant = identity.TenantID(tenant)
			if lifetime > 0 {
				key.ExpiresAt = time.Now().Add(lifetime)
			}
			return sys.withKeys(cmd.Context(), func(keys *authn.Keys) error {
				secret, created, err := keys.Create(cmd.Context(), key)
				if err != nil {
					return err
				}
				if asJSON {
					return WriteJSON(sys.Stdout, struct {
						Key string `json:"key"`
						keyJSON
					}{secret, newKeyJSON(created)})
				}
				fmt.Fprintln(sys.Stdout, secret)
				sys.Say("Store the key now: it can't be shown again. To revoke it: keys revoke " + created.KeyID)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&key.Name, "name", "", "`NAME` that says what the key is for")
	f.StringVar(&tenant, "tenant", "", "`TENANT` whose data the key works with: its name or UUID (default none)")
	f.Func("scope", "`SCOPE` that the key has; can be repeated", func(scope string) error {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }) {
			return errors.New("want one scope, without spaces")
		}
		key.Scopes = append(key.Scopes, scope)
		return nil
	})
	f.Func("expires", "`TIME` after which the key stops working, such as 90d or 12h (default never)", func(text string) (err error) {
		lifetime, err = parseLifetime(text)
		return err
	})
	JSONFlag(cmd, &asJSON)
	return cmd
}

// parseLifetime parses a duration of Go, or a number of days.
func parseLifetime(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	lifetime, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		lifetime = time.Duration(min(n, 100*365)) * day
	}
	if err != nil || lifetime <= 0 {
		return 0, errors.New("want a time such as 90d or 12h")
	}
	return lifetime, nil
}

func keysListCommand(sys System) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the API keys",
		Long:    "List the API keys, those included that don't work any more. A key itself is never shown.",
		Example: "  commitment keys list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sys.withKeys(cmd.Context(), func(keys *authn.Keys) error {
				all, err := keys.List(cmd.Context())
				switch {
				case err != nil:
					return err
				case asJSON:
					list := make([]keyJSON, 0, len(all))
					for _, k := range all {
						list = append(list, newKeyJSON(k))
					}
					return WriteJSON(sys.Stdout, map[string]any{"keys": list})
				}
				return sys.printKeys(all)
			})
		},
	}
	JSONFlag(cmd, &asJSON)
	return cmd
}

func (sys System) printKeys(keys []*ent.APIKey) error {
	if len(keys) == 0 {
		fmt.Fprintln(sys.Stdout, "There are no API keys.")
		return nil
	}
	w := tabwriter.NewWriter(sys.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tTENANT\tSCOPES\tLAST USED\tSTATE")
	for _, k := range keys {
		tenant, lastUsed := "-", "never"
		if k.TenantID != nil {
			tenant = k.TenantID.String()
		}
		if k.LastUsedAt != nil {
			lastUsed = formatTime(*k.LastUsedAt)
		}
		name := strings.Join(strings.Fields(k.Name), " ")
		columns := []string{k.KeyID, name, tenant, cmp.Or(strings.Join(k.Scopes, ","), "-"), lastUsed, keyState(k)}
		fmt.Fprintln(w, printable.Text(strings.Join(columns, "\t")))
	}
	return w.Flush()
}

// keyState says whether a key works.
func keyState(k *ent.APIKey) string {
	switch {
	case k.RevokedAt != nil:
		return "revoked " + formatTime(*k.RevokedAt)
	case k.ExpiresAt == nil:
		return "active"
	case k.ExpiresAt.After(time.Now()):
		return "active until " + formatTime(*k.ExpiresAt)
	}
	return "expired " + formatTime(*k.ExpiresAt)
}

func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// keyJSON is an API key in JSON output.
type keyJSON struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	TenantID   *uuid.UUID `json:"tenant_id"`
	Scopes     []string   `json:"scopes"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

func newKeyJSON(k *ent.APIKey) keyJSON {
	return keyJSON{k.KeyID, k.Name, k.TenantID, k.Scopes, k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.LastUsedAt}
}

func keysRevokeCommand(sys System) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "revoke ID",
		Short:   "Revoke an API key",
		Long:    `Revoke the API key with an ID of "keys list". It stops working within five seconds.`,
		Example: "  commitment keys revoke 4fXk0sQpZ1aB7mNd",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return sys.withKeys(cmd.Context(), func(keys *authn.Keys) error {
				if err := keys.Revoke(cmd.Context(), args[0]); err != nil {
					return err
				}
				if asJSON {
					return WriteJSON(sys.Stdout, map[string]string{"revoked": args[0]})
				}
				fmt.Fprintf(sys.Stdout, "Revoked %s.\n", args[0])
				return nil
			})
		},
	}
	JSONFlag(cmd, &asJSON)
	return cmd
}

// withKeys calls work with the API keys of the configured database.
func (sys System) withKeys(ctx context.Context, work func(*authn.Keys) error) error {
	return sys.withOpen(ctx, func(cfg config.Config, database *app.Database) (err error) {
		pool, err := postgres.Open(postgres.Options{
			URL: database.URL, ApplicationName: cfg.Database.ApplicationName, ConnectTimeout: cfg.Database.ConnectTimeout,
		})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, pool.Close()) }()
		if err := pool.PingContext(ctx); err != nil {
			return fmt.Errorf("connect to the database at %s: %w", database, app.ConnectError(err))
		}
		err = work(authn.NewKeys(txn.New(pool, txn.Options{Log: sys.Log()}), authn.KeysOptions{Log: sys.Log()}))
		if missing, ok := errors.AsType[*pgconn.PgError](err); ok && missing.Code == undefinedTable {
			return fmt.Errorf("the database has no API keys yet: apply its migrations first, with migrate apply (%w)", err)
		}
		return err
	})
}

// undefinedTable is PostgreSQL's SQLSTATE for a table that doesn't exist.
const undefinedTable = "42P01"
