-- Create "api_keys" table
CREATE TABLE "api_keys" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "name" character varying(200) NOT NULL,
  "key_id" character varying(16) NOT NULL,
  "hash" bytea NOT NULL,
  "tenant_id" uuid NULL,
  "scopes" jsonb NOT NULL,
  "expires_at" timestamptz NULL,
  "revoked_at" timestamptz NULL,
  "last_used_at" timestamptz NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "api_keys_hash_length" CHECK (length(hash) = 32),
  CONSTRAINT "api_keys_key_id_length" CHECK (length(key_id) = 16),
  CONSTRAINT "api_keys_name_not_empty" CHECK (name <> '')
);
-- Create index "api_keys_key_id_key" to table: "api_keys"
CREATE UNIQUE INDEX "api_keys_key_id_key" ON "api_keys" ("key_id");
