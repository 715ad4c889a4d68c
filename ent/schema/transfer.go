package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"commitment/internal/schemakit"
)

// Transfer moves an amount from one account to another. It is written once,
// with its two entries, and never changed.
type Transfer struct{ ent.Schema }

// Mixin gives a transfer its id and its time.
func (Transfer) Mixin() []ent.Mixin {
	return []ent.Mixin{schemakit.ID{}, schemakit.CreatedAt{}}
}

// Fields of a transfer.
func (Transfer) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("amount").Positive().Immutable().
			Comment("in minor units of the currency of both accounts"),
		field.String("memo").MaxRuneLen(500).SchemaType(schemakit.Varchar(500)).Default("").Immutable(),
	}
}

// Edges of a transfer.
func (Transfer) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("entries", Entry.Type).Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Annotations hold the rules that the database enforces.
func (Transfer) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entsql.Checks(map[string]string{
			"transfers_amount_positive": "amount > 0",
		}),
	}
}
