==> tenants_no_more.sql
-- Lets code that no longer knows "tenant_id" insert, until the column is dropped
ALTER TABLE "books" ALTER COLUMN "tenant_id" DROP NOT NULL;
==> tenants_no_more.sql
-- Lets code that no longer knows "tenant_id" insert, until the column is dropped
ALTER TABLE "pages" ALTER COLUMN "tenant_id" DROP NOT NULL;
-- Enforce for new rows now; existing rows are validated in a later file
ALTER TABLE "pages" DROP CONSTRAINT "pages_books_book_id", ADD CONSTRAINT "pages_books_book_id" FOREIGN KEY ("book_id") REFERENCES "books" ("id") ON DELETE SET NULL NOT VALID;
==> tenants_no_more_validate.sql
-- atlas:txmode none

-- Check the existing rows. Reads and writes go on. The owner of the tables is
-- exempt from their policies meanwhile; the service isn't
ALTER TABLE "pages" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "books" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "pages" VALIDATE CONSTRAINT "pages_books_book_id";
ALTER TABLE "pages" FORCE ROW LEVEL SECURITY;
ALTER TABLE "books" FORCE ROW LEVEL SECURITY;
==> tenants_no_more_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   row-level security of table "books" (ENABLE)
--   row-level security of table "books" (FORCE)

-- No longer declared
ALTER TABLE "books" DISABLE ROW LEVEL SECURITY;
-- No longer declared
ALTER TABLE "books" NO FORCE ROW LEVEL SECURITY;
==> tenants_no_more_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   row-level security of table "pages" (ENABLE)
--   row-level security of table "pages" (FORCE)

-- No longer declared
ALTER TABLE "pages" DISABLE ROW LEVEL SECURITY;
-- No longer declared
ALTER TABLE "pages" NO FORCE ROW LEVEL SECURITY;
==> tenants_no_more_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   policy "books_across_tenants" on table "books"
--   policy "books_tenant" on table "books"

-- No longer declared
DROP POLICY "books_across_tenants" ON "books";
-- No longer declared
DROP POLICY "books_tenant" ON "books";
==> tenants_no_more_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   policy "pages_across_tenants" on table "pages"
--   policy "pages_tenant" on table "pages"

-- No longer declared
DROP POLICY "pages_across_tenants" ON "pages";
-- No longer declared
DROP POLICY "pages_tenant" ON "pages";
==> tenants_no_more_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   column "tenant_id" of table "books" and its values

-- No longer declared
ALTER TABLE "books" DROP COLUMN "tenant_id";
==> tenants_no_more_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   column "tenant_id" of table "pages" and its values

-- No longer declared
ALTER TABLE "pages" DROP COLUMN "tenant_id";
