package schema

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"

	gen "commitment/ent"
	"commitment/ent/hook"
	"commitment/ent/intercept"
	"commitment/internal/schemakit"
)

// SoftDelete is the mixin of Ent's documentation.
type SoftDelete struct{ mixin.Schema }

// Fields of the mixin.
func (SoftDelete) Fields() []ent.Field { return []ent.Field{field.Time("deleted_at").Optional()} }

// Deleted is the key of a context that sees what is deleted.
type Deleted struct{}

// Interceptors hide what is deleted.
func (d SoftDelete) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{
		intercept.TraverseFunc(func(ctx context.Context, q intercept.Query) error {
			if ctx.Value(Deleted{}) == nil {
				d.P(q)
			}
			return nil
		}),
	}
}

// Hooks turn a delete into an update.
func (d SoftDelete) Hooks() []ent.Hook {
	return []ent.Hook{
		hook.On(func(next ent.Mutator) ent.Mutator {
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
		}, ent.OpDeleteOne|ent.OpDelete),
	}
}

// P adds the predicate of what isn't deleted.
func (d SoftDelete) P(w interface{ WhereP(...func(*sql.Selector)) }) {
	w.WhereP(sql.FieldIsNull(d.Fields()[0].Descriptor().Name))
}
