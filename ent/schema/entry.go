package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// Entry is one side of a transfer: what it adds to an account. The two entries of a
// transfer sum to zero.
type Entry struct{ ent.Schema }

// Mixin gives an entry its id and its time.
func (Entry) Mixin() []ent.Mixin {
	return []ent.Mixin{schemakit.Tenant{}, schemakit.ID{}, schemakit.CreatedAt{}}
}

// Fields of an entry.
func (Entry) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("account_id", uuid.UUID{}).Immutable(),
		field.UUID("transfer_id", uuid.UUID{}).Immutable(),
		field.Int64("amount").Immutable().
			Comment("signed, in minor units: what the account gains").Annotations(rest.Example(2500)),
	}
}

// Edges of an entry.
func (Entry) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("account", Account.Type).Ref("entries").Field("account_id").
			Unique().Required().Immutable().Annotations(rest.Expandable(1)),
		edge.From("transfer", Transfer.Type).Ref("entries").Field("transfer_id").
			Unique().Required().Immutable().Annotations(rest.Expandable(1)),
	}
}

// Indexes of an entry: one for each foreign key.
func (Entry) Indexes() []ent.Index {
	return []ent.Index{
		// An account's entries are read in pages, newest first.
		index.Fields("tenant_id", "account_id", "id"),
		// A transfer touches an account once.
		index.Fields("tenant_id", "transfer_id", "account_id").Unique(),
	}
}

// Annotations make an entry a REST resource that can only be read, newest first, and
// declare the rules that the database enforces.
func (Entry) Annotations() []schema.Annotation {
	return []schema.Annotation{
		rest.Resource(rest.Operations(rest.List, rest.Read), rest.DefaultSort("-id"), rest.Clients(rest.Scope("ledger:read"))),
		entsql.Checks(map[string]string{
			"entries_amount_not_zero": "amount <> 0",
		}),
	}
}
