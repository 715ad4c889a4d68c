==> tenants_of_what_is_there.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "books" ADD COLUMN "tenant_id" uuid NULL;
==> tenants_of_what_is_there.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "pages" ADD COLUMN "tenant_id" uuid NULL;
==> tenants_of_what_is_there_index.sql
-- atlas:txmode none

-- Build the index while others read and write. It fails, and leaves an index
-- that isn't valid, when a value is there twice
CREATE UNIQUE INDEX CONCURRENTLY "books_tenant_id_id" ON "books" ("tenant_id", "id");
==> tenants_of_what_is_there_index.sql
-- atlas:txmode none

-- Build the index while others read and write. It fails, and leaves an index
-- that isn't valid, when a value is there twice
CREATE UNIQUE INDEX CONCURRENTLY "books_tenant_id_name" ON "books" ("tenant_id", "name");
==> tenants_of_what_is_there_index.sql
-- atlas:txmode none

-- Build the index while others read and write. It fails, and leaves an index
-- that isn't valid, when a value is there twice
CREATE UNIQUE INDEX CONCURRENTLY "pages_tenant_id_id" ON "pages" ("tenant_id", "id");
==> tenants_of_what_is_there_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "tenant_id" a value in the existing rows of "books": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- DO $$ BEGIN
--   LOOP
--     UPDATE "books" SET "tenant_id" = …
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "books" WHERE "tenant_id" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
==> tenants_of_what_is_there_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "tenant_id" a value in the existing rows of "pages": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- DO $$ BEGIN
--   LOOP
--     UPDATE "pages" SET "tenant_id" = …
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "pages" WHERE "tenant_id" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
==> tenants_of_what_is_there_required_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Require "tenant_id" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "books" ADD CONSTRAINT "books_tenant_id_required" CHECK ("tenant_id" IS NOT NULL) NOT VALID;
==> tenants_of_what_is_there_required_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Require "tenant_id" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "pages" ADD CONSTRAINT "pages_tenant_id_required" CHECK ("tenant_id" IS NOT NULL) NOT VALID;
==> tenants_of_what_is_there_validate_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Check the existing rows. Reads and writes go on
ALTER TABLE "books" VALIDATE CONSTRAINT "books_tenant_id_required";
-- Check the existing rows. Reads and writes go on
ALTER TABLE "pages" VALIDATE CONSTRAINT "pages_tenant_id_required";
==> tenants_of_what_is_there_not_null_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "books" ALTER COLUMN "tenant_id" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "books" DROP CONSTRAINT "books_tenant_id_required";
==> tenants_of_what_is_there_not_null_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "pages" ALTER COLUMN "tenant_id" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "pages" DROP CONSTRAINT "pages_tenant_id_required";
-- Enforce for new rows now; existing rows are validated in a later file
ALTER TABLE "pages" DROP CONSTRAINT "pages_books_book_id", ADD CONSTRAINT "pages_books_book_id" FOREIGN KEY ("tenant_id", "book_id") REFERENCES "books" ("tenant_id", "id") ON DELETE NO ACTION NOT VALID;
==> tenants_of_what_is_there_index_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- No entity declares "books_name_key" any more. Reads and writes go on
DROP INDEX CONCURRENTLY "books_name_key";
==> tenants_of_what_is_there_validate_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Check the existing rows. Reads and writes go on
ALTER TABLE "pages" VALIDATE CONSTRAINT "pages_books_book_id";
-- Create "books_tenant" as declared, now that every row has a value in what its policies
-- name. Until this file is applied they hide no rows
ALTER TABLE "books" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "books" FORCE ROW LEVEL SECURITY;
CREATE POLICY "books_tenant" ON "books" USING ("tenant_id" = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));
CREATE POLICY "books_across_tenants" ON "books" TO "commitment_across_tenants" USING ((SELECT current_setting('app.across_tenants', true)) = 'on');
==> tenants_of_what_is_there_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Create "pages_tenant" as declared, now that every row has a value in what its policies
-- name. Until this file is applied they hide no rows
ALTER TABLE "pages" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "pages" FORCE ROW LEVEL SECURITY;
CREATE POLICY "pages_tenant" ON "pages" USING ("tenant_id" = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));
CREATE POLICY "pages_across_tenants" ON "pages" TO "commitment_across_tenants" USING ((SELECT current_setting('app.across_tenants', true)) = 'on');
