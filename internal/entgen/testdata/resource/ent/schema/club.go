package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// Club has workers by memberships, which clients create: they aren't links.
type Club struct{ ent.Schema }

// Mixin of a club.
func (Club) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}} }

// Fields of a club.
func (Club) Fields() []ent.Field {
	return []ent.Field{field.String("name").Unique().Annotations(rest.Example("Chess"))}
}

// Edges of a club.
func (Club) Edges() []ent.Edge {
	return []ent.Edge{edge.From("workers", Worker.Type).Ref("night_clubs").Through("memberships", Membership.Type)}
}

// Annotations of a club.
func (Club) Annotations() []schema.Annotation { return []schema.Annotation{rest.Resource()} }

// Membership is of a worker in a club.
type Membership struct{ ent.Schema }

// Mixin of a membership.
func (Membership) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}} }

// Fields of a membership.
func (Membership) Fields() []ent.Field {
	return []ent.Field{field.UUID("worker_id", uuid.UUID{}), field.UUID("club_id", uuid.UUID{})}
}

// Edges of a membership.
func (Membership) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("worker", Worker.Type).Field("worker_id").Unique().Required().Annotations(rest.Expandable(1)),
		edge.To("club", Club.Type).Field("club_id").Unique().Required().Annotations(rest.Expandable(1)),
	}
}

// Annotations of a membership.
func (Membership) Annotations() []schema.Annotation { return []schema.Annotation{rest.Resource()} }
