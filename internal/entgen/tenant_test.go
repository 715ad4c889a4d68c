package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// leaks are schemas in which one tenant would meet another's rows, or learn of them, each
// with what is said of it.
const leaks = `package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

type ofTenants struct{ ent.Schema }

func (ofTenants) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.Tenant{}, schemakit.ID{}} }

type Shop struct{ ofTenants }

func (Shop) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").Unique(), // Shop.name is unique among all tenants, which tells one what another has: declare index.Fields("tenant_id", "name").Unique() instead
		field.String("street"),
	}
}
func (Shop) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("goods", Good.Type).Annotations(entsql.OnDelete(entsql.NoAction)),
		edge.To("lost", Good.Type),
		edge.To("tags", Tag.Type), // Shop.tags is of many to many, and the rows between have no tenant: add Through a schema with schemakit.Tenant
		edge.To("labels", Label.Type).Through("labelings", Labeling.Type), // Shop.labels is of many to many, and the rows between have no tenant: add Through a schema with schemakit.Tenant
		edge.To("stamps", Stamp.Type).Through("stampings", Stamping.Type),
		edge.To("fans", Fan.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

type Good struct{ ofTenants }

func (Good) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("shop", Shop.Type).Ref("goods").Unique(),
		edge.From("finder", Shop.Type).Ref("lost").Unique(), // Good.finder would clear the tenant as well when Shop is deleted: add entsql.OnDelete(entsql.NoAction), Restrict or Cascade to the edge.To
		edge.To("country", Country.Type).Unique(),
	}
}
func (Good) Fields() []ent.Field { return []ent.Field{field.UUID("shelf", uuid.UUID{}).Optional()} }
func (Good) Indexes() []ent.Index { return []ent.Index{index.Fields("shelf").Edges("shop").Unique()} }

type Street struct{ ofTenants } // Street has a unique index on [name] among all tenants, which tells one what another has: begin it with "tenant_id"

func (Street) Fields() []ent.Field { return []ent.Field{field.String("name"), field.String("town")} }
func (Street) Indexes() []ent.Index {
	return []ent.Index{index.Fields("name").Unique(), index.Fields("tenant_id", "town").Unique(), index.Fields("town")}
}

type Slug struct{ ent.Schema } // Slug has rest.ClientID(), and ids that can be guessed: one that is taken tells a tenant what another has, so make them UUIDs

func (Slug) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.Tenant{}} }
func (Slug) Fields() []ent.Field { return []ent.Field{field.String("id")} }
func (Slug) Annotations() []schema.Annotation { return []schema.Annotation{rest.Resource(rest.ClientID())} }

type Tag struct{ ofTenants }

func (Tag) Annotations() []schema.Annotation { return []schema.Annotation{rest.Resource(rest.ClientID())} }

func (Tag) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("shops", Shop.Type).Ref("tags"), // Tag.shops is of many to many, and the rows between have no tenant: add Through a schema with schemakit.Tenant
	}
}

type Label struct{ ofTenants }

func (Label) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("shops", Shop.Type).Ref("labels").Through("labelings", Labeling.Type), // Label.shops is of many to many, and the rows between have no tenant: add Through a schema with schemakit.Tenant
	}
}

type Labeling struct{ ent.Schema }

func (Labeling) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}} }
func (Labeling) Fields() []ent.Field {
	return []ent.Field{field.UUID("shop_id", uuid.UUID{}), field.UUID("label_id", uuid.UUID{})}
}
func (Labeling) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("shop", Shop.Type).Field("shop_id").Unique().Required(), // Labeling.shop leads from rows of no tenant to a tenant's: add schemakit.Tenant to Labeling
		edge.To("label", Label.Type).Field("label_id").Unique().Required(), // Labeling.label leads from rows of no tenant to a tenant's: add schemakit.Tenant to Labeling
	}
}

type Stamp struct{ ofTenants }

func (Stamp) Edges() []ent.Edge {
	return []ent.Edge{edge.From("shops", Shop.Type).Ref("stamps").Through("stampings", Stamping.Type)}
}

type Stamping struct{ ofTenants }

func (Stamping) Fields() []ent.Field {
	return []ent.Field{field.UUID("shop_id", uuid.UUID{}), field.UUID("stamp_id", uuid.UUID{})}
}
func (Stamping) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("shop", Shop.Type).Field("shop_id").Unique().Required(),
		edge.To("stamp", Stamp.Type).Field("stamp_id").Unique().Required(),
	}
}

type Fan struct{ ent.Schema }

func (Fan) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("shop", Shop.Type).Ref("fans").Unique(), // Fan.shop leads from rows of no tenant to a tenant's: add schemakit.Tenant to Fan
	}
}

type Country struct{ ent.Schema }

func (Country) Fields() []ent.Field { return []ent.Field{field.String("code").Unique()} }
`

func TestTenantsThatWouldMeet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := readModule(t, filepath.Join("..", ".."))
	before["ent/schema/leaks.go"] = leaks
	for name, text := range before {
		write(t, filepath.Join(dir, name), text)
	}
	out, err := tryGo(t, dir, "generate", ".")
	if err == nil {
		t.Error("go generate succeeded")
	}
	var said []string
	for line := range strings.Lines(out) {
		if i := strings.Index(line, "ent/schema/leaks.go:"); i >= 0 {
			said = append(said, strings.TrimSpace(line[i:]))
		}
	}
	if diff := cmp.Diff(wantLeaks(), said, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("said of leaks (-want +got):\n%s\n%s", diff, out)
	}
	if diff := cmp.Diff(before, readModule(t, dir)); diff != "" {
		t.Errorf("what failed left something behind (-before +after):\n%s", diff)
	}
}

// wantLeaks are the errors that generating has of leaks.
func wantLeaks() (wants []string) {
	line := 0
	for text := range strings.Lines(leaks) {
		line++
		if code, want, ok := strings.Cut(text, " // "); ok {
			column := 6 // of the schema's name
			if strings.HasPrefix(code, "\t") {
				column = 3
			}
			wants = append(wants, fmt.Sprintf("ent/schema/leaks.go:%d:%d: %s", line, column, strings.TrimSpace(want)))
		}
	}
	return wants
}
