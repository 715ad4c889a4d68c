package schema

import (
	"context"
	"fmt"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"

	"commitment/ent/hook"
	"commitment/ent/intercept"
	"commitment/ent/privacy"
	"commitment/internal/caller"
	"commitment/internal/fault"
	"commitment/internal/schemakit/rest"
)

// Owned is of a tenant, whom the caller says: a policy hides the rows of others, and an
// interceptor those that are called hidden.
type Owned struct{ mixin.Schema }

// Fields of what is owned.
func (Owned) Fields() []ent.Field {
	return []ent.Field{
		field.String("tenant").Immutable().NotEmpty().Annotations(rest.Hidden()),
		field.String("name").NotEmpty().MaxRuneLen(100).Annotations(rest.Example("Sweep")),
	}
}

// Indexes of what is owned.
func (Owned) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant", "name").Unique(), index.Fields("name", "id")}
}

// Hooks set the tenant, and refuse what some callers write.
func (Owned) Hooks() []ent.Hook {
	set := func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			if err := m.SetField("tenant", caller.FromContext(ctx).Tenant); err != nil {
				return nil, err
			}
			return next.Mutate(ctx, m)
		})
	}
	refuse := func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			v, err := next.Mutate(ctx, m)
			if err == nil && caller.FromContext(ctx).Refused { // after the statement
				return nil, fault.New(fault.Invalid, "", "a hook refuses this")
			}
			return v, err
		})
	}
	return []ent.Hook{hook.On(set, ent.OpCreate), refuse}
}

// Interceptors hide what is called hidden.
func (Owned) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{intercept.TraverseFunc(func(_ context.Context, q intercept.Query) error {
		q.WhereP(func(s *sql.Selector) { s.Where(sql.Not(sql.HasPrefix(s.C("name"), "hidden"))) })
		return nil
	})}
}

// Policy hides what is another tenant's.
func (Owned) Policy() ent.Policy {
	return privacy.Policy{Query: privacy.QueryPolicy{queryRule(ownQueries)}, Mutation: privacy.MutationPolicy{mutationRule(ownMutations)}}
}

type queryRule func(context.Context, ent.Query) error

func (r queryRule) EvalQuery(ctx context.Context, q ent.Query) error { return r(ctx, q) }

type mutationRule func(context.Context, ent.Mutation) error

func (r mutationRule) EvalMutation(ctx context.Context, m ent.Mutation) error { return r(ctx, m) }

func ownQueries(ctx context.Context, q ent.Query) error {
	query, err := intercept.NewQuery(q)
	if err != nil {
		return err
	}
	return own(ctx, query)
}

func ownMutations(ctx context.Context, m ent.Mutation) error {
	if c := caller.FromContext(ctx); c.Tenant == "" || c.ReadOnly {
		return privacy.Deny
	}
	if m.Op().Is(ent.OpCreate) {
		return privacy.Skip
	}
	filtered, ok := m.(filtered)
	if !ok {
		return fmt.Errorf("unexpected mutation type %T", m)
	}
	return own(ctx, filtered)
}

type filtered interface{ WhereP(...func(*sql.Selector)) }

func own(ctx context.Context, f filtered) error {
	c := caller.FromContext(ctx)
	if c.Tenant == "" {
		return privacy.Deny
	}
	f.WhereP(sql.FieldEQ("tenant", c.Tenant))
	return privacy.Skip
}
