package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgbouncer"
	"commitment/internal/postgres"
	"commitment/internal/txn"
)

// timeoutsIgnored is the setting of docs/production.md that has PgBouncer ignore the timeouts.
const timeoutsIgnored = "ignore_startup_parameters = statement_timeout, lock_timeout, idle_in_transaction_session_timeout"

// pooled starts a PgBouncer in front of the server at url, with more settings, and returns
// the URL to give to the service.
func pooled(t *testing.T, url string, settings ...string) string {
	t.Helper()
	return inMode(t, pgbouncer.Start(t, url, pgbouncer.Options{Settings: settings}), "cache_describe")
}

// inMode returns the URL of PgBouncer for a pgx that runs statements in that mode.
func inMode(t *testing.T, p *pgbouncer.PgBouncer, mode string) string {
	t.Helper()
	return pgtest.WithParams(t, p.URL(), map[string]string{"default_query_exec_mode": mode})
}

// TestSettingsBehindPgBouncer has units of work set parameters for themselves, on
// shared connections: each sees its own in all of its statements, and a unit that set
// nothing sees the database's.
func TestSettingsBehindPgBouncer(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"cache_describe", "describe_exec"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			direct := pgtest.OwnerURL(t)
			inDatabase(t, direct, "statement_timeout", "11s")
			pool, err := postgres.Open(postgres.Options{
				URL: inMode(t, pgbouncer.Start(t, direct, pgbouncer.Options{Settings: []string{timeoutsIgnored}}), mode), MaxOpenConns: 15, MaxIdleConns: 15, StatementTimeout: time.Minute,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = pool.Close() })
			db := txn.New(pool, txn.Options{})
			var all sync.WaitGroup
			for client := range 15 {
				all.Go(func() {
					for n := range times(10, 500) {
						if err := seesItsOwn(t.Context(), db, fmt.Sprint(client, "'s ", n), n%2 == 0); err != nil {
							t.Errorf("client %d, unit %d: %v", client, n, err)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}

// inDatabase sets a parameter for all sessions of a database.
func inDatabase(t *testing.T, url, name, value string) {
	t.Helper()
	_, err := pgtest.Open(t, url).ExecContext(t.Context(),
		fmt.Sprintf(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET %s = %%L', current_database(), '%s'); END $$`, name, value))
	if err != nil {
		t.Fatal(err)
	}
}

// seesItsOwn says what is wrong with the parameters that a unit of work sees.
func seesItsOwn(ctx context.Context, db *txn.DB, tenant string, sets bool) error {
	want := [2]string{"", "11s"}
	if sets {
		want = [2]string{tenant, "7s"}
	}
	return db.Run(ctx, txn.ReadWrite, func(ctx context.Context) error {
		if sets {
			if err := errors.Join(txn.Set(ctx, "app.tenant", tenant), txn.Set(ctx, "statement_timeout", "7s")); err != nil {
				return err
			}
		}
		tx, err := txn.SQLFromContext(ctx)
		if err != nil {
			return err
		}
		for range 3 {
			var got [2]string
			const read = "SELECT coalesce(current_setting('app.tenant', true), ''), current_setting('statement_timeout')"
			if err := tx.QueryRowContext(ctx, read, nil, &got[0], &got[1]); err != nil {
				return err
			}
			if got != want {
				return fmt.Errorf("tenant and statement_timeout = %q, want %q", got, want)
			}
		}
		return nil
	})
}
