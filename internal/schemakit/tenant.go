package schemakit

import (
	"context"
	"fmt"
	"strings"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"
	"github.com/google/uuid"

	"commitment/internal/identity"
	"commitment/internal/schemakit/rest"
)

// TenantColumn is the column with a row's tenant.
const TenantColumn = "tenant_id"

// The settings of a transaction by which the policies know whose work it is.
const (
	TenantSetting  = "app.tenant"
	SubjectSetting = "app.subject"
	// AcrossSetting is "on" for work that spans tenants, in the role [AcrossRole]. The role
	// alone isn't enough: any SQL could make it the default of later sessions, by ALTER ROLE.
	// Only a superuser can do that with a setting of the application's.
	AcrossSetting = "app.across_tenants"
)

// TenantOfWork is the tenant of the unit of work, as an expression in SQL.
const TenantOfWork = "nullif(current_setting('" + TenantSetting + "', true), '')::uuid"

// The roles of the application. They own nothing.
const (
	// AppRole is the role of the service. It sees the rows of one tenant at a time.
	AppRole = "commitment_app"
	// AcrossRole is the role of work that spans tenants. AppRole can take it.
	AcrossRole = "commitment_across_tenants"
)

// Tenant is the mixin for an entity whose rows belong to a tenant each. A row gets the
// tenant of the work that creates it, and the database lets work see and write the rows
// of its own tenant alone, by a policy that holds for raw SQL, too. Foreign keys between
// such entities include the tenant: none leads to another tenant's row.
//
// Indexes and unique rules of the entity begin with the tenant, as in
// index.Fields("tenant_id", "name").Unique(); `go generate` refuses a unique rule that
// doesn't: it would tell one tenant what another one has.
type Tenant struct{ mixin.Schema }

// Fields declares the tenant. Clients don't see it.
func (Tenant) Fields() []ent.Field {
	return []ent.Field{
		field.UUID(TenantColumn, uuid.UUID{}).Immutable().Annotations(rest.Hidden()),
	}
}

// Indexes declares the one that lists are read by, and that foreign keys refer to.
func (Tenant) Indexes() []ent.Index {
	return []ent.Index{index.Fields(TenantColumn, "id").Unique()}
}

// Hooks gives a row its tenant.
func (Tenant) Hooks() []ent.Hook {
	return []ent.Hook{onCreate(func(ctx context.Context) (uuid.UUID, error) {
		tenant := identity.Tenant(ctx)
		if tenant == uuid.Nil {
			return tenant, identity.ErrNoTenant
		}
		return tenant, nil
	})}
}

// Annotations declares the policies.
func (Tenant) Annotations() []schema.Annotation {
	policies := tenantPolicies("(SELECT " + TenantOfWork + ")")
	return []schema.Annotation{TenantOwned{}, Declare(append(Roles(), policies)...)}
}

// TenantOwned is the annotation that [Tenant] makes.
type TenantOwned struct{}

// Name implements [schema.Annotation].
func (TenantOwned) Name() string { return "Tenant" }

// onCreate sets the tenant of what is created, unless its builder has set it.
func onCreate(tenant func(context.Context) (uuid.UUID, error)) ent.Hook {
	return func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			if !m.Op().Is(ent.OpCreate) {
				return next.Mutate(ctx, m)
			}
			if _, set := m.Field(TenantColumn); !set {
				id, err := tenant(ctx)
				if err != nil {
					return nil, err
				}
				if err := m.SetField(TenantColumn, id); err != nil {
					return nil, err
				}
			}
			return next.Mutate(ctx, m)
		})
	}
}

// Roles declare the application's roles, and what they may do with the tables that the
// migrations make, now and later. Both roles exist without a login: an operator gives
// AppRole one. An operator may also have created them before, so that the role that
// migrates needn't be allowed to.
func Roles() []Object {
	names := strings.NewReplacer("{{app}}", AppRole, "{{across}}", AcrossRole)
	return []Object{
		{Name: "roles of the application", First: true, Up: names.Replace(createRoles)},
		{Name: "privileges of the application", First: true, Up: names.Replace(grants), Down: names.Replace(revokes)},
	}
}

// Roles belong to the server, not to a database: another database's migration may create
// them at the same moment. The service's role doesn't inherit: it has the policies of the
// role across tenants only while it takes that role.
const createRoles = `DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{{across}}') THEN
    CREATE ROLE "{{across}}";
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{{app}}') THEN
    CREATE ROLE "{{app}}" NOINHERIT;
  END IF;
  IF NOT pg_has_role('{{app}}', '{{across}}', 'MEMBER') THEN
    GRANT "{{across}}" TO "{{app}}";
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation OR internal_error THEN NULL; -- created at this moment
END $$;
`

const grants = `DO $$ BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO "{{app}}", "{{across}}"', current_schema());
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO "{{app}}", "{{across}}"', current_schema());
  EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO "{{app}}", "{{across}}"', current_schema());
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{{app}}", "{{across}}"', current_schema());
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE ON SEQUENCES TO "{{app}}", "{{across}}"', current_schema());
  IF to_regclass('atlas_schema_revisions') IS NOT NULL THEN
    REVOKE INSERT, UPDATE, DELETE ON "atlas_schema_revisions" FROM "{{app}}", "{{across}}";
  END IF;
END $$;
`

const revokes = `DO $$ BEGIN
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON SEQUENCES FROM "{{app}}", "{{across}}"', current_schema());
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON TABLES FROM "{{app}}", "{{across}}"', current_schema());
  EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM "{{app}}", "{{across}}"', current_schema());
  EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM "{{app}}", "{{across}}"', current_schema());
  EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM "{{app}}", "{{across}}"', current_schema());
END $$;
`

// OptionalTenant is the mixin for an entity whose rows belong to the tenant of the work
// that creates them, or to no tenant if that has none. Work of no tenant sees the latter.
type OptionalTenant struct{ mixin.Schema }

// Fields declares the tenant; the zero UUID is none.
func (OptionalTenant) Fields() []ent.Field {
	return []ent.Field{
		field.UUID(TenantColumn, uuid.UUID{}).Immutable().
			Annotations(rest.Hidden(), entsql.DefaultExpr("'"+uuid.Nil.String()+"'")),
	}
}

// Hooks gives a row its tenant.
func (OptionalTenant) Hooks() []ent.Hook {
	return []ent.Hook{onCreate(func(ctx context.Context) (uuid.UUID, error) { return identity.Tenant(ctx), nil })}
}

// Annotations declares the policies.
func (OptionalTenant) Annotations() []schema.Annotation {
	policies := tenantPolicies(fmt.Sprintf("(SELECT coalesce(%s, '%s'))", TenantOfWork, uuid.Nil))
	return []schema.Annotation{Declare(append(Roles(), policies)...)}
}

// tenantPolicies declares that the rows of a table are those of a tenant. The tenant is a
// subquery, which PostgreSQL evaluates once for a statement. FORCE holds the table's owner
// to the policies, too.
func tenantPolicies(tenant string) Object {
	return Object{
		Name: "{{table}}_tenant",
		Up: fmt.Sprintf(`ALTER TABLE "{{table}}" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "{{table}}" FORCE ROW LEVEL SECURITY;
CREATE POLICY "{{table}}_tenant" ON "{{table}}" USING ("%[1]s" = %[2]s);
CREATE POLICY "{{table}}_across_tenants" ON "{{table}}" TO "%[3]s" USING ((SELECT current_setting('%[4]s', true)) = 'on');
`, TenantColumn, tenant, AcrossRole, AcrossSetting),
		Down: `DROP POLICY "{{table}}_across_tenants" ON "{{table}}";
DROP POLICY "{{table}}_tenant" ON "{{table}}";
ALTER TABLE "{{table}}" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "{{table}}" DISABLE ROW LEVEL SECURITY;
`,
	}
}
