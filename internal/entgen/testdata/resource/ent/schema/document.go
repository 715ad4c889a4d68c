package schema

import (
	"context"
	"fmt"
	"strings"
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"

	gen "commitment/ent"
	"commitment/ent/hook"
	"commitment/ent/intercept"
	"commitment/ent/privacy"
	"commitment/internal/fault"
	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// Document has behavior: it is deleted softly, and a hook and a policy refuse titles.
type Document struct{ ent.Schema }

// Mixin of a document.
func (Document) Mixin() []ent.Mixin {
	return []ent.Mixin{schemakit.ID{}, schemakit.Version{}, SoftDelete{}}
}

// Fields of a document.
func (Document) Fields() []ent.Field {
	return []ent.Field{
		field.String("title").NotEmpty().MaxRuneLen(20).Annotations(rest.Example("Minutes")),
		field.String("shelf").Default("a").Annotations(rest.Writable(), rest.Example("b2")),
		field.Int("number").Positive(),
		field.Int64("effort").GoType(time.Duration(0)).Optional().Nillable(),
	}
}

// Indexes of a document.
func (Document) Indexes() []ent.Index { return []ent.Index{index.Fields("shelf", "number").Unique()} }

// Annotations of a document.
func (Document) Annotations() []schema.Annotation {
	return []schema.Annotation{
		rest.Resource(rest.Batch(10), rest.SoftDelete("deleted_at")),
		entsql.Checks(map[string]string{"documents_no_void": "title <> 'void'"}),
	}
}

// Hooks of a document.
func (Document) Hooks() []ent.Hook {
	return []ent.Hook{hook.On(func(next ent.Mutator) ent.Mutator {
		return hook.DocumentFunc(func(ctx context.Context, m *gen.DocumentMutation) (ent.Value, error) {
			title, ok := m.Title()
			if title == "refused" {
				return nil, fault.New(fault.Conflict, "refused", "this title is refused").At("/title")
			}
			if ok {
				m.SetTitle(strings.TrimSpace(title))
			}
			return next.Mutate(ctx, m)
		})
	}, ent.OpCreate|ent.OpUpdateOne)}
}

// Policy of documents.
func (Document) Policy() ent.Policy {
	return privacy.Policy{
		Mutation: privacy.MutationPolicy{privacy.DocumentMutationRuleFunc(func(_ context.Context, m *gen.DocumentMutation) error {
			if title, _ := m.Title(); title == "denied" {
				return privacy.Denyf("this title is denied")
			}
			return privacy.Skip
		})},
		Query: privacy.QueryPolicy{privacy.AlwaysAllowRule()},
	}
}

// SoftDelete is the mixin of Ent's documentation.
type SoftDelete struct{ mixin.Schema }

// Fields of the mixin.
func (SoftDelete) Fields() []ent.Field {
	return []ent.Field{field.Time("deleted_at").Optional().Nillable()}
}

// Interceptors hide what is deleted.
func (d SoftDelete) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{intercept.TraverseFunc(func(ctx context.Context, q intercept.Query) error {
		if !schemakit.ShowsDeleted(ctx) {
			d.P(q)
		}
		return nil
	})}
}

// Hooks turn a delete into an update.
func (d SoftDelete) Hooks() []ent.Hook {
	return []ent.Hook{hook.On(func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			mx, ok := m.(interface {
				SetOp(ent.Op)
				Client() *gen.Client
				SetDeletedAt(t time.Time)
				WhereP(...func(*sql.Selector))
			})
			if !ok {
				return nil, fmt.Errorf("unexpected mutation type %T", m)
			}
			d.P(mx)
			mx.SetOp(ent.OpUpdate)
			mx.SetDeletedAt(schemakit.Now())
			return mx.Client().Mutate(ctx, m)
		})
	}, ent.OpDeleteOne|ent.OpDelete)}
}

// P adds the predicate of what isn't deleted.
func (d SoftDelete) P(w interface{ WhereP(...func(*sql.Selector)) }) {
	w.WhereP(sql.FieldIsNull(d.Fields()[0].Descriptor().Name))
}
