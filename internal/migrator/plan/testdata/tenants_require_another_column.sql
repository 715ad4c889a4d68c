==> tenants_require_another_column.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "books" ADD COLUMN "title" character varying(20) NULL;
==> tenants_require_another_column_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "title" a value in the existing rows of "books": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- ALTER TABLE "books" NO FORCE ROW LEVEL SECURITY; -- or the table's owner would be refused
-- DO $$ BEGIN
--   LOOP
--     UPDATE "books" SET "title" = …
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "books" WHERE "title" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
-- ALTER TABLE "books" FORCE ROW LEVEL SECURITY;
==> tenants_require_another_column_required_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Require "title" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "books" ADD CONSTRAINT "books_title_required" CHECK ("title" IS NOT NULL) NOT VALID;
==> tenants_require_another_column_validate_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Check the existing rows. Reads and writes go on
ALTER TABLE "books" VALIDATE CONSTRAINT "books_title_required";
==> tenants_require_another_column_not_null_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "books" ALTER COLUMN "title" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "books" DROP CONSTRAINT "books_title_required";
