package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

func TestSessionSettings(t *testing.T) {
	t.Parallel()
	options := postgres.Options{
		ApplicationName:          "from-options",
		StatementTimeout:         1500 * time.Millisecond,
		LockTimeout:              2 * time.Second,
		IdleInTransactionTimeout: time.Nanosecond, // less than PostgreSQL can count
	}
	tests := []struct {
		name    string
		options postgres.Options
		params  map[string]string
		want    map[string]string
	}{
		{"come from the options", options, nil, map[string]string{
			"application_name":                    "from-options",
			"statement_timeout":                   "1500ms",
			"lock_timeout":                        "2s",
			"idle_in_transaction_session_timeout": "1ms",
		}},
		{"come from the URL where it has them", options, map[string]string{
			"application_name":                    "from-url",
			"statement_timeout":                   "7s",
			"idle_in_transaction_session_timeout": "0",
		}, map[string]string{
			"application_name":                    "from-url",
			"statement_timeout":                   "7s",
			"lock_timeout":                        "2s",
			"idle_in_transaction_session_timeout": "0",
		}},
		{"come from the server's options in the URL", options, map[string]string{
			"options": "-c statement_timeout=7s --idle-in-transaction-session-timeout=8s -c deadlock_timeout=9s",
		}, map[string]string{
			"statement_timeout":                   "7s",
			"lock_timeout":                        "2s",
			"idle_in_transaction_session_timeout": "8s",
			"deadlock_timeout":                    "9s",
		}},
		{"are the server's where nobody says", postgres.Options{}, nil, map[string]string{
			"application_name":                    "",
			"statement_timeout":                   "0",
			"lock_timeout":                        "0",
			"idle_in_transaction_session_timeout": "0",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.options.URL = pgtest.WithParams(t, pgtest.EmptyURL(t), tt.params)
			db := open(t, tt.options)
			got := map[string]string{}
			for name := range tt.want {
				got[name] = pgtest.Value[string](t, db, "SELECT current_setting($1)", name)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	silent := "postgres://nobody@" + pgtest.ListenSilently(t) + "/nothing?sslmode=disable"
	for _, tt := range []struct {
		name    string
		options postgres.Options
	}{
		{"comes from the options", postgres.Options{URL: silent, ConnectTimeout: 20 * time.Millisecond}},
		{"comes from the URL where it has one", postgres.Options{
			URL: silent + "&connect_timeout=1", ConnectTimeout: time.Hour,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := open(t, tt.options).PingContext(ctx)
			if !pgconn.Timeout(err) || ctx.Err() != nil {
				t.Errorf("Ping() = %v, want a timeout before the context's", err)
			}
		})
	}
}
