package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// Maker makes widgets. Its id is its clients' to choose.
type Maker struct{ ent.Schema }

// Mixin of a maker.
func (Maker) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}} }

// Fields of a maker.
func (Maker) Fields() []ent.Field {
	return []ent.Field{field.String("name").NotEmpty().Unique().Annotations(rest.Example("Acme"))}
}

// Edges of a maker.
func (Maker) Edges() []ent.Edge {
	return []ent.Edge{edge.To("widgets", Widget.Type).Annotations(rest.Expandable(60), rest.Nested())}
}

// Annotations of a maker.
func (Maker) Annotations() []schema.Annotation {
	return []schema.Annotation{rest.Resource(rest.ClientID())}
}
