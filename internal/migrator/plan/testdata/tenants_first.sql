==> tenants_first.sql
-- Create "roles of the application" as declared
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
-- Create "privileges of the application" as declared
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
-- Create "books" table
CREATE TABLE "books" (
  "id" bigint NOT NULL,
  "tenant_id" uuid NOT NULL,
  PRIMARY KEY ("id")
);
-- Create index "books_tenant_id_id" to table: "books"
CREATE UNIQUE INDEX "books_tenant_id_id" ON "books" ("tenant_id", "id");
-- Create "pages" table
CREATE TABLE "pages" (
  "id" bigint NOT NULL,
  "book_id" bigint NULL,
  "tenant_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "pages_books_book_id" FOREIGN KEY ("tenant_id", "book_id") REFERENCES "books" ("tenant_id", "id") ON DELETE NO ACTION
);
-- Create index "pages_tenant_id_id" to table: "pages"
CREATE UNIQUE INDEX "pages_tenant_id_id" ON "pages" ("tenant_id", "id");
-- Create "books_tenant" as declared
ALTER TABLE "books" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "books" FORCE ROW LEVEL SECURITY;
CREATE POLICY "books_tenant" ON "books" USING ("tenant_id" = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));
CREATE POLICY "books_across_tenants" ON "books" TO "commitment_across_tenants" USING ((SELECT current_setting('app.across_tenants', true)) = 'on');
-- Create "pages_tenant" as declared
ALTER TABLE "pages" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "pages" FORCE ROW LEVEL SECURITY;
CREATE POLICY "pages_tenant" ON "pages" USING ("tenant_id" = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));
CREATE POLICY "pages_across_tenants" ON "pages" TO "commitment_across_tenants" USING ((SELECT current_setting('app.across_tenants', true)) = 'on');
