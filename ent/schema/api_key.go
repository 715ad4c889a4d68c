package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"commitment/internal/schemakit"
)

// APIKey is a credential of a program. Its secret is known to its holder alone.
type APIKey struct{ ent.Schema }

// Mixin gives an API key its id and its time.
func (APIKey) Mixin() []ent.Mixin {
	return []ent.Mixin{schemakit.ID{}, schemakit.CreatedAt{}}
}

// Fields of an API key.
func (APIKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(200).SchemaType(schemakit.Varchar(200)).Immutable().
			Comment("says to people what the key is for"),
		field.String("key_id").NotEmpty().MaxLen(16).SchemaType(schemakit.Varchar(16)).Unique().Immutable().
			Comment("public part of the key, by which it is found"),
		field.Bytes("hash").Immutable().Sensitive().
			Comment("SHA-256 of the secret, which is random, so that no slower hash is needed"),
		field.UUID("tenant_id", uuid.UUID{}).Optional().Nillable().Immutable().
			Comment("whose data the key works with; NULL for a key without a tenant"),
		field.JSON("scopes", []string{}).Immutable(),
		field.Time("expires_at").Optional().Nillable().Immutable(),
		field.Time("revoked_at").Optional().Nillable(),
		field.Time("last_used_at").Optional().Nillable().
			Comment("to the minute"),
	}
}

// Annotations declare the rules that the database enforces.
func (APIKey) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entsql.Checks(map[string]string{
			"api_keys_name_not_empty": "name <> ''",
			"api_keys_key_id_length":  "length(key_id) = 16",
			"api_keys_hash_length":    "length(hash) = 32",
		}),
		schemakit.Declare(append(schemakit.Roles(), schemakit.Object{Name: "privileges on API keys", Up: keyPrivileges, Down: anyKeyPrivileges})...),
	}
}

// The service reads keys and says when they were used. Only the owner, by a command,
// creates and revokes them: no statement of a handler can make itself one.
const keyPrivileges = `REVOKE INSERT, UPDATE, DELETE ON "api_keys" FROM "` + schemakit.AppRole + `", "` + schemakit.AcrossRole + `";
GRANT UPDATE ("last_used_at") ON "api_keys" TO "` + schemakit.AppRole + `";
`

const anyKeyPrivileges = `REVOKE UPDATE ("last_used_at") ON "api_keys" FROM "` + schemakit.AppRole + `";
GRANT INSERT, UPDATE, DELETE ON "api_keys" TO "` + schemakit.AppRole + `", "` + schemakit.AcrossRole + `";
`
