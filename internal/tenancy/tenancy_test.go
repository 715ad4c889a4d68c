package tenancy_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/ent"
	"commitment/internal/fault"
	"commitment/internal/identity"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

const settings = "SELECT concat_ws('|', current_setting('app.tenant', true), current_setting('app.subject', true), current_user)"

func TestEnter(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	for _, tt := range []struct {
		name    string
		tenant  uuid.UUID
		subject string
		want    string
	}{
		{"a tenant", ours, "ann", ours.String() + "|ann|commitment_app"},
		{"no tenant", uuid.Nil, "", "||commitment_app"},
		{"a subject of any characters", theirs, `o'hara\ "x" | é`, theirs.String() + `|o'hara\ "x" | é|commitment_app`},
	} {
		err := f.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
			ctx, err := tenancy.Enter(ctx, tt.tenant, tt.subject)
			if err != nil {
				return err
			}
			if got := identity.Tenant(ctx); got != tt.tenant {
				t.Errorf("%s: tenant of the context = %v, want %v", tt.name, got, tt.tenant)
			}
			got, err := query(ctx, settings)
			if err == nil && got[0] != tt.want {
				t.Errorf("%s: settings = %q, want %q", tt.name, got[0], tt.want)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestEnterIsTheFirst(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	if _, err := tenancy.Enter(t.Context(), ours, ""); !errors.Is(err, txn.ErrNoUnit) {
		t.Errorf("outside of a unit of work: error = %v, want ErrNoUnit", err)
	}
	err := f.RunIn(t.Context(), ours, txn.ReadWrite, func(ctx context.Context) error {
		if _, err := query(ctx, settings); err != nil {
			return err
		}
		_, err := tenancy.Enter(ctx, theirs, "")
		return err
	})
	if !errors.Is(err, txn.ErrBegun) {
		t.Errorf("after a statement: error = %v, want ErrBegun", err)
	}
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	for _, tt := range []struct {
		name   string
		sender *identity.Principal
		want   string
	}{
		{"a sender with a tenant", &identity.Principal{Subject: "ann", Tenant: ours}, ours.String() + "|ann|commitment_app"},
		{"a sender without one", &identity.Principal{Subject: "eve"}, "|eve|commitment_app"},
		{"nobody", nil, "||commitment_app"},
	} {
		var got []string
		handler := tenancy.Middleware(func(_ http.ResponseWriter, _ *http.Request, err error) { t.Error(err) })(
			http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				var err error
				if got, err = query(r.Context(), settings); err != nil {
					t.Error(err)
				}
			}))
		err := f.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
			if tt.sender != nil {
				ctx = identity.With(ctx, tt.sender)
			}
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody))
			return nil
		})
		if err != nil || !slices.Equal(got, []string{tt.want}) {
			t.Errorf("%s: settings = %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestMiddlewareRefusesWithoutAUnit(t *testing.T) {
	t.Parallel()
	var got error
	handler := tenancy.Middleware(func(_ http.ResponseWriter, _ *http.Request, err error) { got = err })(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was served") }))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	if !errors.Is(got, txn.ErrNoUnit) {
		t.Errorf("error = %v, want ErrNoUnit", got)
	}
}

func TestRunAcross(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	var user []string
	if err := f.RunAcross(t.Context(), "nightly report", txn.ReadOnly, func(ctx context.Context) (err error) {
		user, err = query(ctx, "SELECT current_user")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(user, []string{"commitment_across_tenants"}) {
		t.Errorf("user = %q, want commitment_across_tenants", user)
	}
	if !slices.Equal(f.across, []string{"nightly report"}) {
		t.Errorf("counted = %q, want the reason once", f.across)
	}
	if log := f.log.String(); strings.Count(log, `msg="work across tenants" reason="nightly report"`) != 1 {
		t.Errorf("log = %s, want one line with the reason", log)
	}
	if err := f.RunIn(t.Context(), ours, txn.ReadOnly, func(context.Context) error { return nil }); err != nil || len(f.across) != 1 {
		t.Errorf("after work in a tenant: counted = %q, %v, want no more", f.across, err)
	}
}

// Ent's rows are those of the work that creates them.
func TestEntInATenant(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	insert := func(ctx context.Context) error { return rowtest.Insert(ctx, ent.FromContext(ctx), "common") }
	for _, tenant := range []uuid.UUID{ours, theirs, uuid.Nil} {
		if err := f.RunIn(t.Context(), tenant, txn.ReadWrite, insert); err != nil {
			t.Errorf("in tenant %v: %v", tenant, err)
		}
		if err := f.RunIn(t.Context(), tenant, txn.ReadWrite, insert); !ent.IsConstraintError(err) {
			t.Errorf("in tenant %v again: error = %v, want that of the unique rule", tenant, err)
		}
	}
	err := f.RunIn(t.Context(), ours, txn.ReadWrite, func(ctx context.Context) error {
		if n, err := rowtest.Count(ctx, ent.FromContext(ctx)); n != 1 || err != nil {
			t.Errorf("rows in a tenant = %d, %v, want its own", n, err)
		}
		return rowtest.Create(ent.FromContext(ctx), "other").SetTenantID(theirs).Exec(ctx)
	})
	refused, _ := errors.AsType[*fault.Error](postgres.Constraints{}.Classify(err))
	if refused == nil || refused.Kind != fault.Forbidden {
		t.Errorf("with another tenant's id: error = %v, want one that is forbidden", err)
	}
}

// Work that forgets its tenant does nothing, and no harm.
func TestNoTenant(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	for _, table := range f.tables {
		if table.name == "idempotency_keys" { // which may have no tenant
			continue
		}
		for _, statement := range []string{"UPDATE {table} SET tenant_id = tenant_id", "DELETE FROM {table}"} {
			if got := f.inNoTenant(t, strings.ReplaceAll(statement, "{table}", table.name)); got != "0 rows" {
				t.Errorf("%s of %s = %s, want 0 rows", statement, table.name, got)
			}
		}
		for _, tenant := range []uuid.UUID{uuid.Nil, ours} {
			insert := "INSERT INTO " + table.name + " (" + table.names() + ") OVERRIDING SYSTEM VALUE VALUES (" + table.row(tenant, table.fresh, nil) + ")"
			if got := f.inNoTenant(t, insert); got != "42501" {
				t.Errorf("%s = %s, want 42501", insert, got)
			}
		}
	}
}

// inNoTenant runs a statement in a unit of work that enters no tenant.
func (f *fixture) inNoTenant(t *testing.T, statement string) (got string) {
	t.Helper()
	err := f.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) (err error) {
		got, err = run(ctx, statement)
		return err
	})
	if failed, ok := errors.AsType[*pgconn.PgError](err); ok {
		return failed.Code
	}
	if err != nil {
		t.Error(err)
	}
	return got
}

// A tenant that deletes all that it has takes nothing of another's with it.
func TestDeletingEverything(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	before := f.rowsOf(t, theirs)
	left := slices.Clone(f.tables)
	for range f.tables { // in an order that foreign keys allow
		left = slices.DeleteFunc(left, func(table *table) bool {
			return f.RunIn(t.Context(), ours, txn.ReadWrite, func(ctx context.Context) error { return exec(ctx, "DELETE FROM "+table.name) }) == nil
		})
	}
	if rows := f.rowsOf(t, ours); len(rows) > 0 {
		t.Errorf("rows that are left = %q, want none", rows)
	}
	if after := f.rowsOf(t, theirs); !slices.Equal(before, after) {
		t.Errorf("the other tenant's rows = %d, want %d", len(after), len(before))
	}
}

// Ids are unique among all tenants: nothing else would stop one tenant's row from being
// taken for another's in work that spans them. Who inserts one that is taken learns that,
// and no more; ids are random (see the generator's checks).
func TestAnIDThatIsTaken(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	for _, table := range f.tables {
		key := table.column(table.key)
		if key.references != "" {
			continue
		}
		p := probe{"create with an id", "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES (" +
			table.row(ours, table.fresh, map[string]string{table.key: "{id}"}) + ")"}
		got := f.try(t.Context(), p, table, theirs)
		if want := "23505 duplicate key value violates unique constraint"; !strings.HasPrefix(got, want) || strings.Contains(got, "its tenant") || strings.Contains(got, "its id") {
			t.Errorf("%s of %s = %s, want %s, and nothing of the row", p.name, table.name, got, want)
		}
		p.sql += " ON CONFLICT (" + table.key + ") DO UPDATE SET tenant_id = excluded.tenant_id RETURNING *"
		if got := f.try(t.Context(), p, table, theirs); !strings.HasPrefix(got, "42501 ") {
			t.Errorf("upsert of %s = %s, want 42501", table.name, got)
		}
	}
}

// The role of the service can't take the walls down, whatever SQL it is made to run.
func TestTheRoleOwnsNothing(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	for _, table := range f.tables {
		for _, statement := range []string{
			"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
			"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
			"CREATE POLICY anything ON {table} USING (true)",
			"DROP POLICY {table}_tenant ON {table}",
			"ALTER TABLE {table} OWNER TO commitment_app",
			"ALTER TABLE {table} DISABLE TRIGGER ALL",
			"TRUNCATE {table} CASCADE",
			"CREATE VIEW public.through AS SELECT * FROM {table}",
			"CREATE FUNCTION public.through() RETURNS SETOF {table} SECURITY DEFINER LANGUAGE sql AS 'SELECT * FROM {table}'",
			"ALTER ROLE commitment_app BYPASSRLS",
			"ALTER ROLE commitment_across_tenants SUPERUSER",
			"GRANT pg_read_all_data TO commitment_app",
			"SELECT stavalues1 FROM pg_statistic",
			"SELECT * FROM pg_read_file('postgresql.conf')",
			"SET LOCAL row_security = off; SELECT * FROM {table}",
		} {
			statement = strings.ReplaceAll(statement, "{table}", table.name)
			err := f.RunIn(t.Context(), ours, txn.ReadWrite, func(ctx context.Context) error {
				for part := range strings.SplitSeq(statement, "; ") {
					if err := exec(ctx, part); err != nil {
						return err
					}
				}
				return errUndo
			})
			if failed, ok := errors.AsType[*pgconn.PgError](err); !ok || failed.Code != "42501" {
				t.Errorf("%s: error = %v, want 42501", statement, err)
			}
		}
		statistics := "SELECT count(*) FROM pg_stats WHERE tablename = '" + table.name + "'"
		pgtest.Exec(t, f.owner, "ANALYZE "+table.name)
		if n := pgtest.Value[int](t, f.pool, statistics); n != 0 {
			t.Errorf("%s = %d, want 0: they have values of all tenants", statistics, n)
		}
	}
}

// What runs with its owner's rights sees all tenants' rows.
func TestNothingRunsAsItsOwner(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t, pgtest.OwnerURL(t))
	for what, find := range map[string]string{
		"a function that is SECURITY DEFINER": `SELECT coalesce(string_agg(oid::regprocedure::text, ', '), '') FROM pg_proc
			WHERE prosecdef AND pronamespace = current_schema()::regnamespace`,
		"a view without security_invoker": `SELECT coalesce(string_agg(relname, ', '), '') FROM pg_class
			WHERE relkind = 'v' AND relnamespace = current_schema()::regnamespace AND NOT coalesce(reloptions::text ~ 'security_invoker=(true|on|1)', false)`,
		"a second permissive policy": `SELECT coalesce(string_agg(relname, ', '), '') FROM pg_class WHERE relrowsecurity
			AND (SELECT count(*) FROM pg_policy WHERE polrelid = pg_class.oid AND polpermissive AND polroles = '{0}') > 1`,
	} {
		if found := pgtest.Value[string](t, db, find); found != "" {
			t.Errorf("%s: %s", what, found)
		}
	}
}
