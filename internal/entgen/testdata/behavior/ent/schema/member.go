package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"commitment/internal/schemakit"
)

// Member is in projects, and has friends, by edges with schemas.
type Member struct{ ent.Schema }

// Mixin of a member.
func (Member) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}} }

// Edges of a member.
func (Member) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("projects", Project.Type).Through("memberships", Membership.Type),
		edge.To("friends", Member.Type).Through("friendships", Friendship.Type),
	}
}

// Project has members.
type Project struct{ ent.Schema }

// Edges of a project.
func (Project) Edges() []ent.Edge {
	return []ent.Edge{edge.From("members", Member.Type).Ref("projects").Through("memberships", Membership.Type)}
}

// Membership is an edge with an id and a token of its own.
type Membership struct{ ent.Schema }

// Mixin of a membership.
func (Membership) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}, schemakit.CreatedAt{}} }

// Fields of a membership.
func (Membership) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("member_id", uuid.UUID{}),
		field.Int("project_id"),
		field.String("token").DefaultFunc(func() string { return schemakit.NewID().String() }).Unique(),
	}
}

// Edges of a membership.
func (Membership) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("member", Member.Type).Unique().Required().Field("member_id"),
		edge.To("project", Project.Type).Unique().Required().Field("project_id"),
	}
}

// Friendship is an edge with an id of its own, between members.
type Friendship struct{ ent.Schema }

// Mixin of a friendship.
func (Friendship) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}} }

// Fields of a friendship.
func (Friendship) Fields() []ent.Field {
	return []ent.Field{field.UUID("member_id", uuid.UUID{}), field.UUID("friend_id", uuid.UUID{})}
}

// Edges of a friendship.
func (Friendship) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("member", Member.Type).Unique().Required().Field("member_id"),
		edge.To("friend", Member.Type).Unique().Required().Field("friend_id"),
	}
}
