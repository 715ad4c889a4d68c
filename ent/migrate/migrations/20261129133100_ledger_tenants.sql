-- The ledger's books belong to a tenant each, and the database keeps tenants apart.
--
-- By hand, in one file: a table in production would get its column without a value, a
-- backfill and its indexes CONCURRENTLY, which is what "migrate diff" plans. What there
-- is so far was written in development, and becomes the books of development's tenant.

-- Each row of "accounts" belongs to a tenant
ALTER TABLE "accounts" ADD COLUMN "tenant_id" uuid NOT NULL DEFAULT 'b0aa3be5-9f95-5b34-94b2-3219c9875306';
ALTER TABLE "accounts" ALTER COLUMN "tenant_id" DROP DEFAULT;
-- Each row of "transfers" belongs to a tenant
ALTER TABLE "transfers" ADD COLUMN "tenant_id" uuid NOT NULL DEFAULT 'b0aa3be5-9f95-5b34-94b2-3219c9875306';
ALTER TABLE "transfers" ALTER COLUMN "tenant_id" DROP DEFAULT;
-- Each row of "entries" belongs to a tenant
ALTER TABLE "entries" ADD COLUMN "tenant_id" uuid NOT NULL DEFAULT 'b0aa3be5-9f95-5b34-94b2-3219c9875306';
ALTER TABLE "entries" ALTER COLUMN "tenant_id" DROP DEFAULT;
-- Keys and indexes begin with the tenant, and foreign keys include it
CREATE UNIQUE INDEX "account_tenant_id_id" ON "accounts" ("tenant_id", "id");
CREATE UNIQUE INDEX "account_tenant_id_name" ON "accounts" ("tenant_id", "name");
DROP INDEX "accounts_name_key";
CREATE UNIQUE INDEX "transfer_tenant_id_id" ON "transfers" ("tenant_id", "id");
CREATE UNIQUE INDEX "entry_tenant_id_id" ON "entries" ("tenant_id", "id");
CREATE INDEX "entry_tenant_id_account_id_id" ON "entries" ("tenant_id", "account_id", "id");
CREATE UNIQUE INDEX "entry_tenant_id_transfer_id_account_id" ON "entries" ("tenant_id", "transfer_id", "account_id");
DROP INDEX "entry_account_id_id";
DROP INDEX "entry_transfer_id_account_id";
ALTER TABLE "entries"
  DROP CONSTRAINT "entries_accounts_entries",
  ADD CONSTRAINT "entries_accounts_entries" FOREIGN KEY ("tenant_id", "account_id") REFERENCES "accounts" ("tenant_id", "id") ON DELETE NO ACTION,
  DROP CONSTRAINT "entries_transfers_entries",
  ADD CONSTRAINT "entries_transfers_entries" FOREIGN KEY ("tenant_id", "transfer_id") REFERENCES "transfers" ("tenant_id", "id") ON DELETE NO ACTION;
-- Work sees the rows of "accounts" of its own tenant
ALTER TABLE "accounts" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "accounts" FORCE ROW LEVEL SECURITY;
CREATE POLICY "accounts_tenant" ON "accounts" USING ("tenant_id" = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));
CREATE POLICY "accounts_across_tenants" ON "accounts" TO "commitment_across_tenants" USING ((SELECT current_setting('app.across_tenants', true)) = 'on');
-- Work sees the rows of "entries" of its own tenant
ALTER TABLE "entries" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "entries" FORCE ROW LEVEL SECURITY;
CREATE POLICY "entries_tenant" ON "entries" USING ("tenant_id" = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));
CREATE POLICY "entries_across_tenants" ON "entries" TO "commitment_across_tenants" USING ((SELECT current_setting('app.across_tenants', true)) = 'on');
-- Work sees the rows of "transfers" of its own tenant
ALTER TABLE "transfers" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "transfers" FORCE ROW LEVEL SECURITY;
CREATE POLICY "transfers_tenant" ON "transfers" USING ("tenant_id" = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));
CREATE POLICY "transfers_across_tenants" ON "transfers" TO "commitment_across_tenants" USING ((SELECT current_setting('app.across_tenants', true)) = 'on');
