package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"commitment/internal/schemakit/rest"
)

// Badge belongs to one worker, always. Its id is a number.
type Badge struct{ ent.Schema }

// Fields of a badge.
func (Badge) Fields() []ent.Field {
	return []ent.Field{field.UUID("worker_id", uuid.UUID{}).Unique()}
}

// Edges of a badge.
func (Badge) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("worker", Worker.Type).Ref("badge").Field("worker_id").Unique().Required().Annotations(rest.Expandable(1)),
	}
}

// Annotations of a badge.
func (Badge) Annotations() []schema.Annotation { return []schema.Annotation{rest.Resource()} }
