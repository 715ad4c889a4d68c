package schema

import (
	"context"
	"errors"
	"strings"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	gen "commitment/ent"
	"commitment/ent/document"
	"commitment/ent/hook"
	"commitment/ent/privacy"
	"commitment/internal/fault"
	"commitment/internal/money"
	"commitment/internal/schemakit"
	"commitment/internal/txn"
)

// Document has everything that Ent attaches to a schema.
type Document struct{ ent.Schema }

// Mixin of a document.
func (Document) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}, SoftDelete{}, Ruled{}} }

// Fields of a document.
func (Document) Fields() []ent.Field {
	return []ent.Field{
		field.String("title").NotEmpty(),
		field.String("slug").Optional(),
		field.Other("price", money.Amount{}).SchemaType(map[string]string{dialect.Postgres: "numeric"}),
	}
}

// Edges of a document.
func (Document) Edges() []ent.Edge {
	return []ent.Edge{edge.To("parts", Document.Type).From("whole").Unique()}
}

// Hooks of a document.
func (Document) Hooks() []ent.Hook {
	return []ent.Hook{hook.On(setSlug, ent.OpCreate|ent.OpUpdateOne), hook.On(announce, ent.OpCreate)}
}

// Shelf holds documents; it is no schema, and depends on generated code.
type Shelf struct{ Documents []*gen.Document }

// Announced is told of documents, once they are committed.
var Announced = func(string) {}

func announce(next ent.Mutator) ent.Mutator {
	return hook.DocumentFunc(func(ctx context.Context, m *gen.DocumentMutation) (ent.Value, error) {
		v, err := next.Mutate(ctx, m)
		if title, ok := m.Title(); ok && err == nil && txn.Attempt(ctx) > 0 {
			err = txn.AfterCommit(ctx, func(context.Context) error { Announced(title); return nil })
		}
		return v, err
	})
}

func setSlug(next ent.Mutator) ent.Mutator {
	return hook.DocumentFunc(func(ctx context.Context, m *gen.DocumentMutation) (ent.Value, error) {
		if title, ok := m.Title(); ok {
			if title == "refused" {
				return nil, fault.New(fault.Conflict, "refused", "this title is refused")
			}
			taken, err := m.Client().Document.Query().Where(document.Title(title)).Exist(ctx)
			if err != nil || taken {
				return nil, errors.Join(err, fault.New(fault.Conflict, "taken", "this title is taken"))
			}
			m.SetSlug(strings.ToLower(title))
		}
		return next.Mutate(ctx, m)
	})
}

// Ruled is a mixin with a policy.
type Ruled struct{ schemakit.CreatedAt }

// Policy denies what the context forbids.
func (Ruled) Policy() ent.Policy {
	return privacy.Policy{
		Mutation: privacy.MutationPolicy{denyReaders()},
		Query:    privacy.QueryPolicy{privacy.AlwaysAllowRule()},
	}
}

// Reader marks the context of who may only read.
type Reader struct{}

func denyReaders() privacy.MutationRuleFunc {
	return func(ctx context.Context, _ gen.Mutation) error {
		if ctx.Value(Reader{}) != nil {
			return privacy.Denyf("readers don't write")
		}
		return privacy.Skip
	}
}
