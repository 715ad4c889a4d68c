package schema

import (
	"regexp"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// Account holds money in one currency.
type Account struct{ ent.Schema }

// Mixin gives an account its id, its times and its version.
func (Account) Mixin() []ent.Mixin {
	return []ent.Mixin{schemakit.Tenant{}, schemakit.ID{}, schemakit.Times{}, schemakit.Version{}}
}

// Fields of an account.
func (Account) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(200).SchemaType(schemakit.Varchar(200)).
			Comment("no other account has it").Annotations(rest.Example("Cash")),
		field.String("currency").MaxLen(3).SchemaType(schemakit.Varchar(3)).Match(regexp.MustCompile(`^[A-Z]{3}$`)).Immutable().
			Comment("ISO 4217 code").Annotations(rest.Pattern(`^[A-Z]{3}$`), rest.Example("EUR")),
		field.Int64("balance").Default(0).
			Comment("sum of the account's entries, in minor units of its currency").Annotations(rest.Example(7500)),
		field.Bool("allow_negative").Default(false).Immutable().
			Comment("whether the balance may fall below zero, as for an account that brings money in").
			Annotations(rest.Writable(), rest.Example(false)),
	}
}

// Edges of an account.
func (Account) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("entries", Entry.Type).Annotations(entsql.OnDelete(entsql.NoAction), rest.Nested()),
	}
}

// Indexes of an account.
func (Account) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "name").Unique()}
}

// Annotations make an account a REST resource, and declare the rules that the database
// enforces.
func (Account) Annotations() []schema.Annotation {
	return []schema.Annotation{
		rest.Resource(
			rest.Operations(rest.List, rest.Read, rest.Create, rest.Patch, rest.Delete),
			rest.Readers(rest.Scope("ledger:read")), rest.Writers(rest.Scope("ledger:write")),
		),
		entsql.Checks(map[string]string{
			"accounts_name_not_empty": "name <> ''",
			"accounts_currency_code":  "currency ~ '^[A-Z]{3}$'",
			"accounts_balance_floor":  "balance >= 0 OR allow_negative",
		}),
	}
}
