package schemakit_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"github.com/google/uuid"

	"commitment/internal/identity"
	"commitment/internal/schemakit"
)

// mutation is one of an entity that has a tenant.
type mutation struct {
	ent.Mutation
	op     ent.Op
	tenant ent.Value // nil until it is set
}

func (m *mutation) Op() ent.Op { return m.op }

func (m *mutation) Field(name string) (ent.Value, bool) {
	return m.tenant, name == schemakit.TenantColumn && m.tenant != nil
}

func (m *mutation) SetField(name string, value ent.Value) error {
	if name != schemakit.TenantColumn {
		return errors.New("no field " + name)
	}
	m.tenant = value
	return nil
}

func TestARowGetsItsTenant(t *testing.T) {
	t.Parallel()
	work, other := uuid.UUID{15: 1}, uuid.UUID{15: 2}
	inTenant := identity.WithTenant(t.Context(), work)
	owned, optional := schemakit.Tenant{}.Hooks(), schemakit.OptionalTenant{}.Hooks()
	for _, tt := range []struct {
		name  string
		hooks []ent.Hook
		ctx   context.Context
		given mutation
		want  ent.Value
		err   error
	}{
		{"created in a tenant", owned, inTenant, mutation{op: ent.OpCreate}, work, nil},
		{"created in no tenant", owned, t.Context(), mutation{op: ent.OpCreate}, nil, identity.ErrNoTenant},
		{"created with a tenant", owned, inTenant, mutation{op: ent.OpCreate, tenant: other}, other, nil},
		{"created with a tenant in none", owned, t.Context(), mutation{op: ent.OpCreate, tenant: other}, other, nil},
		{"updated in no tenant", owned, t.Context(), mutation{op: ent.OpUpdate}, nil, nil},
		{"deleted in no tenant", owned, t.Context(), mutation{op: ent.OpDeleteOne}, nil, nil},
		{"optional, created in a tenant", optional, inTenant, mutation{op: ent.OpCreate}, work, nil},
		{"optional, created in no tenant", optional, t.Context(), mutation{op: ent.OpCreate}, uuid.Nil, nil},
		{"optional, updated in a tenant", optional, inTenant, mutation{op: ent.OpUpdateOne}, nil, nil},
	} {
		called := false
		var next ent.Mutator = ent.MutateFunc(func(context.Context, ent.Mutation) (ent.Value, error) {
			called = true
			return nil, nil //nolint:nilnil // as of a mutation that has no value
		})
		for _, hook := range tt.hooks {
			next = hook(next)
		}
		_, err := next.Mutate(tt.ctx, &tt.given)
		if !errors.Is(err, tt.err) || called != (tt.err == nil) || tt.given.tenant != tt.want {
			t.Errorf("%s: tenant = %v, %v, went on = %v; want %v, %v", tt.name, tt.given.tenant, err, called, tt.want, tt.err)
		}
	}
}

// Clients neither see a tenant nor change it, and all that is of one begins with it.
func TestTenantMixins(t *testing.T) {
	t.Parallel()
	for name, mixin := range map[string]ent.Mixin{"Tenant": schemakit.Tenant{}, "OptionalTenant": schemakit.OptionalTenant{}} {
		fields := mixin.Fields()
		if len(fields) != 1 {
			t.Fatalf("%s has %d fields, want 1", name, len(fields))
		}
		if f := fields[0].Descriptor(); f.Name != schemakit.TenantColumn || !f.Immutable || f.Optional {
			t.Errorf("%s: field = %s, immutable %v, optional %v; want a required tenant_id that stays", name, f.Name, f.Immutable, f.Optional)
		}
		var up, down string
		for _, a := range mixin.Annotations() {
			if declared, ok := a.(schemakit.Objects); ok {
				for _, o := range declared.Objects {
					up, down = up+o.Up, down+o.Down
				}
			}
		}
		for _, want := range []string{
			`ALTER TABLE "{{table}}" ENABLE ROW LEVEL SECURITY`, `ALTER TABLE "{{table}}" FORCE ROW LEVEL SECURITY`,
			`CREATE POLICY "{{table}}_tenant" ON "{{table}}" USING ("tenant_id" = (SELECT`, `TO "commitment_across_tenants" USING ((SELECT current_setting('app.across_tenants', true)) = 'on')`,
			`CREATE ROLE "commitment_app" NOINHERIT`,
		} {
			if !strings.Contains(up, want) {
				t.Errorf("%s declares %s, want %s in it", name, up, want)
			}
		}
		if strings.Count(up, "CREATE POLICY") != strings.Count(down, "DROP POLICY") {
			t.Errorf("%s: up = %s, down = %s, want each policy dropped", name, up, down)
		}
	}
	index := schemakit.Tenant{}.Indexes()[0].Descriptor()
	if !index.Unique || len(index.Fields) != 2 || index.Fields[0] != schemakit.TenantColumn {
		t.Errorf("index of Tenant = %v, unique %v, want a unique one that begins with the tenant", index.Fields, index.Unique)
	}
	for _, a := range (schemakit.OptionalTenant{}).Fields()[0].Descriptor().Annotations {
		if sql, ok := a.(*entsql.Annotation); ok && sql.DefaultExpr != "'00000000-0000-0000-0000-000000000000'" {
			t.Errorf("default of an optional tenant = %s, want none", sql.DefaultExpr)
		}
	}
}
