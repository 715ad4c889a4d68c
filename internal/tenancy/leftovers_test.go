package tenancy_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgbouncer"
	"commitment/internal/schemakit"
	"commitment/internal/txn"
)

// leftovers are what a handler of the other tenant may do to its session. "; " separates
// statements.
var leftovers = []string{
	"SELECT set_config('app.tenant', '{theirs}', true)",
	"SELECT set_config('app.tenant', '{theirs}', false)",
	"SET app.tenant = '{theirs}'",
	"SET LOCAL app.tenant = '{theirs}'",
	"SET SESSION app.tenant = '{theirs}'",
	"DO $$ BEGIN PERFORM set_config('app.tenant', '{theirs}', false); END $$",
	"SELECT set_config('role', 'commitment_across_tenants', false)",
	"SET ROLE commitment_across_tenants",
	"SET LOCAL ROLE commitment_across_tenants",
	"SET ROLE commitment_across_tenants; SELECT 1/0",
	"SET ROLE commitment_across_tenants; SET app.across_tenants = on",
	"SET SESSION AUTHORIZATION commitment_across_tenants",
	"RESET ROLE",
	"SET ROLE NONE",
	"RESET app.tenant",
	"RESET ALL",
	"DISCARD ALL",
	"DISCARD PLANS",
	"DEALLOCATE ALL",
	"SET row_security = off",
	"SET session_replication_role = replica",
	"SET search_path = pg_temp, public",
	"CREATE TEMP TABLE tried AS TABLE tried",
	"CREATE TEMP VIEW tried AS SELECT * FROM public.tried",
	"DECLARE mine CURSOR WITH HOLD FOR SELECT * FROM tried",
	"PREPARE mine AS SELECT * FROM tried",
	"COMMIT; SET ROLE commitment_across_tenants",
	"SET standard_conforming_strings = off",
}

// afterwards does that in a unit of work of the other tenant. It may fail.
func (f *fixture) afterwards(t *testing.T, statement string) {
	t.Helper()
	_ = f.RunIn(t.Context(), theirs, txn.ReadWrite, func(ctx context.Context) error {
		for part := range strings.SplitSeq(forTheirs(statement), "; ") {
			_ = exec(ctx, part)
		}
		return nil
	})
}

func forTheirs(statement string) string {
	return strings.ReplaceAll(statement, "{theirs}", theirs.String())
}

// sees says what is wrong with what the next units of work see of the tables.
func (f *fixture) sees(ctx context.Context) error {
	seen := func(want map[string]bool) func(context.Context) error {
		return func(ctx context.Context) error {
			for _, table := range f.tables {
				tenants, err := query(ctx, "SELECT DISTINCT tenant_id::text FROM "+table.name)
				if err != nil {
					return err
				}
				got := map[string]bool{}
				for _, tenant := range tenants {
					got[tenant] = true
				}
				if diff := cmp.Diff(want, got); diff != "" {
					return fmt.Errorf("tenants whose rows of %s are seen (-want +got):\n%s", table.name, diff)
				}
			}
			return nil
		}
	}
	if err := f.RunIn(ctx, ours, txn.ReadOnly, seen(map[string]bool{ours.String(): true})); err != nil {
		return fmt.Errorf("in a tenant: %w", err)
	}
	if err := f.Run(ctx, txn.ReadOnly, seen(map[string]bool{})); err != nil {
		return fmt.Errorf("in no tenant: %w", err)
	}
	if err := f.RunAcross(ctx, "a test", txn.ReadOnly, seen(map[string]bool{ours.String(): true, theirs.String(): true})); err != nil {
		return fmt.Errorf("across tenants: %w", err)
	}
	if err := f.RunIn(ctx, ours, txn.ReadWrite, seen(map[string]bool{ours.String(): true})); err != nil {
		return fmt.Errorf("in a tenant, after work across them: %w", err)
	}
	return f.Run(ctx, txn.ReadWrite, seen(map[string]bool{}))
}

func TestNothingIsLeftForTheNextUnit(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	for _, statement := range leftovers {
		f.afterwards(t, statement)
		if err := f.sees(t.Context()); err != nil {
			t.Errorf("after %s in a unit of work: %v", statement, err)
		}
		_, _ = f.pool.ExecContext(t.Context(), forTheirs(statement)) // it may fail
		if err := f.sees(t.Context()); err != nil {
			t.Errorf("after %s on the pool: %v", statement, err)
		}
	}
}

// TestNoStatementCrossesPgBouncer has two services share the connections to the server,
// each in turn. The role of the service logs in, as in production. Behind PgBouncer nothing
// holds for who sets session parameters on the pool, without a unit of work.
func TestNoStatementCrossesPgBouncer(t *testing.T) {
	t.Parallel()
	server := pgtest.StartServer(t, pgserver.Options{Dir: pgtest.ReachableDir(t)})
	pgtest.Migrate(t, server.URL("postgres"))
	f := prepare(t, server.URL("postgres"))
	pgtest.Exec(t, f.owner, `ALTER ROLE `+schemakit.AppRole+` LOGIN PASSWORD 'secret'`)
	direct, err := url.Parse(server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	direct.User = url.UserPassword(schemakit.AppRole, "secret")
	for _, tt := range []struct{ pooling, mode string }{
		{"transaction", "cache_describe"},
		{"transaction", "describe_exec"},
		{"session", "cache_statement"},
	} {
		t.Run(tt.pooling+", "+tt.mode, func(t *testing.T) {
			o := pgbouncer.Options{PoolMode: tt.pooling, PoolSize: 1}
			if tt.pooling == "session" {
				o.PoolSize = 2
			}
			through := pgtest.WithParams(t, pgbouncer.Start(t, direct.String(), o).URL(), map[string]string{"default_query_exec_mode": tt.mode})
			one, other := *f, *f
			one.connect(t, through, 1)
			other.connect(t, through, 1)
			for _, statement := range leftovers {
				other.afterwards(t, statement)
				if err := one.sees(t.Context()); err != nil {
					t.Errorf("after %s: %v", statement, err)
				}
			}
			one.wantApart(t, func(n int) { other.afterwards(t, leftovers[n%len(leftovers)]) })
		})
	}
	t.Run("with the role across tenants by default", func(t *testing.T) {
		one := *f
		one.connect(t, direct.String(), 1)
		one.afterwards(t, "ALTER ROLE commitment_app SET role = 'commitment_across_tenants'")
		later := *f
		later.connect(t, direct.String(), 1)
		err := later.Run(t.Context(), txn.ReadOnly, func(ctx context.Context) error {
			if user, err := query(ctx, "SELECT current_user"); err != nil || user[0] != schemakit.AcrossRole {
				return fmt.Errorf("user = %q, %w, want %s", user, err, schemakit.AcrossRole)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := later.sees(t.Context()); err != nil {
			t.Error(err)
		}
		pgtest.Exec(t, f.owner, "ALTER ROLE commitment_app RESET role")
	})
	t.Run("directly", func(t *testing.T) {
		one := *f
		one.connect(t, direct.String(), 1)
		one.wantApart(t, func(n int) { one.afterwards(t, leftovers[n%len(leftovers)]) })
	})
}
