package schema

import (
	"context"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	gen "commitment/ent"
	"commitment/ent/privacy"
	"commitment/ent/team"
	"commitment/internal/schemakit/rest"
)

// Team has workers, and workers have teams. Its id is a text; its policy hides one.
type Team struct{ ent.Schema }

// Fields of a team.
func (Team) Fields() []ent.Field {
	return []ent.Field{field.String("id").NotEmpty().MaxLen(100).Annotations(rest.Example("night-shift")), field.String("name").Unique().Annotations(rest.Example("Night shift"))}
}

// Edges of a team.
func (Team) Edges() []ent.Edge {
	return []ent.Edge{edge.From("workers", Worker.Type).Ref("teams").Annotations(rest.Expandable(5), rest.Nested(), rest.Unindexed())}
}

// Annotations of a team.
func (Team) Annotations() []schema.Annotation {
	return []schema.Annotation{rest.Resource(rest.ClientID(), rest.DefaultSort("-name"), rest.Operations(rest.List, rest.Read, rest.Create))}
}

// Policy of a team.
func (Team) Policy() ent.Policy {
	return privacy.Policy{
		Query: privacy.QueryPolicy{privacy.TeamQueryRuleFunc(func(_ context.Context, q *gen.TeamQuery) error {
			q.Where(team.NameNEQ("hidden"))
			return privacy.Allow
		})},
	}
}
