package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"commitment/internal/schemakit"
)

// IdempotencyKey is a request that was executed, with its response. It is written in
// the transaction of the work itself, so that one is never committed without the other.
type IdempotencyKey struct{ ent.Schema }

// Mixin gives a key its id and its time.
func (IdempotencyKey) Mixin() []ent.Mixin {
	return []ent.Mixin{schemakit.OptionalTenant{}, schemakit.ID{}, schemakit.CreatedAt{}}
}

// Fields of a key.
func (IdempotencyKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("subject").MaxRuneLen(255).SchemaType(schemakit.Varchar(255)).Immutable().
			Comment("who sent the key; a key of another subject is another key"),
		field.String("key").NotEmpty().MaxRuneLen(255).SchemaType(schemakit.Varchar(255)).Immutable(),
		field.Bytes("fingerprint").Immutable().
			Comment("SHA-256 of the request, to tell it from another one with the same key"),
		field.Int("status").Immutable(),
		field.JSON("header", map[string][]string{}).Immutable().Sensitive(),
		field.Bytes("body").Immutable().Sensitive(),
		field.Time("expires_at").Immutable(),
	}
}

// Indexes of a key.
func (IdempotencyKey) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "subject", "key").Unique(),
		// The sweep looks for what has expired.
		index.Fields("expires_at"),
	}
}

// Annotations declare the rules that the database enforces, and the tables of the jobs,
// one of which deletes expired keys.
func (IdempotencyKey) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schemakit.Declare(jobs),
		entsql.Checks(map[string]string{
			"idempotency_keys_key_not_empty": "key <> ''",
		}),
	}
}
