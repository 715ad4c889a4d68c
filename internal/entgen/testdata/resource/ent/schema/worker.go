package schema

import (
	"context"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	gen "commitment/ent"
	"commitment/ent/hook"
	"commitment/ent/intercept"
	"commitment/ent/privacy"
	"commitment/ent/worker"
	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// Worker has every kind of edge. Those who have left aren't seen, and nobody changes one
// who is frozen.
type Worker struct{ ent.Schema }

// Mixin of a worker.
func (Worker) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}} }

// Fields of a worker.
func (Worker) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().Annotations(rest.Example("Ada")),
		field.Bool("gone").Default(false).Annotations(rest.Writable()),
		field.Int64("version").Default(1),
	}
}

// Edges of a worker.
func (Worker) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("reports", Worker.Type).Annotations(rest.Expandable(3), rest.Nested()).
			From("boss").Unique().Annotations(rest.Expandable(1)),
		edge.To("friends", Worker.Type).Annotations(rest.Nested()),
		edge.To("badge", Badge.Type).Unique().Annotations(rest.Expandable(1)),
		edge.To("teams", Team.Type).Annotations(rest.Expandable(2), rest.Nested()),
		edge.To("night_clubs", Club.Type).Through("memberships", Membership.Type).Annotations(rest.Expandable(2), rest.Nested()),
		edge.To("secrets", Secret.Type),
	}
}

// Indexes of a worker.
func (Worker) Indexes() []ent.Index {
	return []ent.Index{index.Fields("name", "id"), index.Edges("boss")}
}

// Annotations of a worker.
func (Worker) Annotations() []schema.Annotation {
	return []schema.Annotation{rest.Resource(rest.DefaultSort("name"))}
}

// Interceptors of a worker.
func (Worker) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{intercept.TraverseWorker(func(_ context.Context, q *gen.WorkerQuery) error {
		q.Where(worker.Gone(false))
		return nil
	})}
}

// Hooks of a worker.
func (Worker) Hooks() []ent.Hook {
	return []ent.Hook{hook.On(func(next ent.Mutator) ent.Mutator {
		return hook.WorkerFunc(func(ctx context.Context, m *gen.WorkerMutation) (ent.Value, error) {
			m.AddVersion(1)
			return next.Mutate(ctx, m)
		})
	}, ent.OpUpdateOne)}
}

// Policy of a worker.
func (Worker) Policy() ent.Policy {
	return privacy.Policy{
		Query: privacy.QueryPolicy{privacy.AlwaysAllowRule()},
		Mutation: privacy.MutationPolicy{privacy.WorkerMutationRuleFunc(func(ctx context.Context, m *gen.WorkerMutation) error {
			if m.Op().Is(ent.OpUpdateOne) {
				if name, err := m.OldName(ctx); err != nil || name == "frozen" {
					return privacy.Deny
				}
			}
			return privacy.Skip
		})},
	}
}

// Secret is no resource.
type Secret struct{ ent.Schema }

// Edges of a secret.
func (Secret) Edges() []ent.Edge {
	return []ent.Edge{edge.From("worker", Worker.Type).Ref("secrets").Unique()}
}
