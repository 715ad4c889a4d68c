package schema

import (
	_ "embed" // balanced_transfers.sql

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// Transfer moves an amount from one account to another. It is created together with its
// two entries, and never changes.
type Transfer struct{ ent.Schema }

// Mixin gives a transfer its id and its time.
func (Transfer) Mixin() []ent.Mixin {
	return []ent.Mixin{schemakit.Tenant{}, schemakit.ID{}, schemakit.CreatedAt{}}
}

// Fields of a transfer.
func (Transfer) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("amount").Positive().Immutable().
			Comment("in minor units of the currency of both accounts").Annotations(rest.Example(2500)),
		field.String("memo").MaxRuneLen(500).SchemaType(schemakit.Varchar(500)).Default("").Immutable().
			Annotations(rest.Example("Rent")),
	}
}

// Edges of a transfer.
func (Transfer) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("entries", Entry.Type).Annotations(entsql.OnDelete(entsql.NoAction), rest.Expandable(2), rest.Nested()),
	}
}

// Annotations make a transfer a REST resource that is read newest first, and declare
// the rules that the database enforces.
func (Transfer) Annotations() []schema.Annotation {
	return []schema.Annotation{
		rest.Resource(rest.Operations(rest.List, rest.Read), rest.DefaultSort("-id"), rest.Clients(rest.Scope("ledger:read"))),
		entsql.Checks(map[string]string{
			"transfers_amount_positive": "amount > 0",
		}),
		schemakit.Declare(schemakit.Object{Name: "transfers_balanced", Up: balancedTransfers, Down: unbalancedTransfers}),
	}
}

// balancedTransfers makes COMMIT fail for a transfer whose entries don't sum to zero.
//
//go:embed balanced_transfers.sql
var balancedTransfers string

const unbalancedTransfers = `DROP TRIGGER "transfers_balanced" ON "entries";
DROP TRIGGER "transfers_balanced" ON "transfers";
DROP FUNCTION "check_balanced_transfer"();
`
