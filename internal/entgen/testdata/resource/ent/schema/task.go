package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// Task is in a folder, and has labels.
type Task struct{ ent.Schema }

// Mixin of a task.
func (Task) Mixin() []ent.Mixin {
	return []ent.Mixin{schemakit.ID{}, schemakit.Version{}, Owned{}, SoftDelete{}}
}

// Fields of a task.
func (Task) Fields() []ent.Field { return []ent.Field{field.UUID("folder_id", uuid.UUID{})} }

// Edges of a task.
func (Task) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("labels", Label.Type).Annotations(rest.Expandable(5), rest.Nested()),
		edge.From("folder", Folder.Type).Ref("tasks").Field("folder_id").Unique().Required().Annotations(rest.Expandable(1)),
	}
}

// Indexes of a task.
func (Task) Indexes() []ent.Index { return []ent.Index{index.Fields("folder_id", "id")} }

// Annotations of a task.
func (Task) Annotations() []schema.Annotation {
	return []schema.Annotation{rest.Resource(rest.Batch(10), rest.SoftDelete("deleted_at"))}
}

// Folder has tasks. Its id is its clients' to choose.
type Folder struct{ ent.Schema }

// Mixin of a folder.
func (Folder) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}, Owned{}} }

// Edges of a folder.
func (Folder) Edges() []ent.Edge {
	return []ent.Edge{edge.To("tasks", Task.Type).Annotations(rest.Expandable(5), rest.Nested())}
}

// Annotations of a folder.
func (Folder) Annotations() []schema.Annotation {
	return []schema.Annotation{rest.Resource(rest.ClientID())}
}

// Label is on tasks.
type Label struct{ ent.Schema }

// Mixin of a label.
func (Label) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}, Owned{}} }

// Edges of a label.
func (Label) Edges() []ent.Edge {
	return []ent.Edge{edge.From("tasks", Task.Type).Ref("labels").Annotations(rest.Nested(), rest.Unindexed())}
}

// Annotations of a label.
func (Label) Annotations() []schema.Annotation { return []schema.Annotation{rest.Resource()} }
