-- The service's role owns nothing
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'commitment_across_tenants') THEN
    CREATE ROLE "commitment_across_tenants";
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'commitment_app') THEN
    CREATE ROLE "commitment_app" NOINHERIT;
  END IF;
  IF NOT pg_has_role('commitment_app', 'commitment_across_tenants', 'MEMBER') THEN
    GRANT "commitment_across_tenants" TO "commitment_app";
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation OR internal_error THEN NULL; -- created at this moment
END $$;
DO $$ BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO "commitment_app", "commitment_across_tenants"', current_schema());
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO "commitment_app", "commitment_across_tenants"', current_schema());
  EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO "commitment_app", "commitment_across_tenants"', current_schema());
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "commitment_app", "commitment_across_tenants"', current_schema());
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE ON SEQUENCES TO "commitment_app", "commitment_across_tenants"', current_schema());
  IF to_regclass('atlas_schema_revisions') IS NOT NULL THEN
    REVOKE INSERT, UPDATE, DELETE ON "atlas_schema_revisions" FROM "commitment_app", "commitment_across_tenants";
  END IF;
END $$;
-- A request's key belongs to a tenant, or to none
ALTER TABLE "idempotency_keys" ADD COLUMN "tenant_id" uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
CREATE UNIQUE INDEX "idempotencykey_tenant_id_subject_key" ON "idempotency_keys" ("tenant_id", "subject", "key");
DROP INDEX "idempotencykey_subject_key";
-- Work sees the rows of "idempotency_keys" of its own tenant
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "idempotency_keys" FORCE ROW LEVEL SECURITY;
CREATE POLICY "idempotency_keys_tenant" ON "idempotency_keys" USING ("tenant_id" = (SELECT coalesce(nullif(current_setting('app.tenant', true), '')::uuid, '00000000-0000-0000-0000-000000000000')));
CREATE POLICY "idempotency_keys_across_tenants" ON "idempotency_keys" TO "commitment_across_tenants" USING ((SELECT current_setting('app.across_tenants', true)) = 'on');
-- The service reads API keys, and says when they were used
REVOKE INSERT, UPDATE, DELETE ON "api_keys" FROM "commitment_app", "commitment_across_tenants";
GRANT UPDATE ("last_used_at") ON "api_keys" TO "commitment_app";
