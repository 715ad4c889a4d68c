-- Create "idempotency_keys" table
CREATE TABLE "idempotency_keys" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "subject" character varying(255) NOT NULL,
  "key" character varying(255) NOT NULL,
  "fingerprint" bytea NOT NULL,
  "status" bigint NOT NULL,
  "header" jsonb NOT NULL,
  "body" bytea NOT NULL,
  "expires_at" timestamptz NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "idempotency_keys_key_not_empty" CHECK ((key)::text <> ''::text)
);
-- Create index "idempotencykey_expires_at" to table: "idempotency_keys"
CREATE INDEX "idempotencykey_expires_at" ON "idempotency_keys" ("expires_at");
-- Create index "idempotencykey_subject_key" to table: "idempotency_keys"
CREATE UNIQUE INDEX "idempotencykey_subject_key" ON "idempotency_keys" ("subject", "key");
