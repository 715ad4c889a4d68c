==> add_required_column.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "items" ADD COLUMN "name" character varying(20) NULL;
==> add_required_column_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "name" a value in the existing rows of "items": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- DO $$ BEGIN
--   LOOP
--     UPDATE "items" SET "name" = …
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "items" WHERE "name" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
==> add_required_column_required_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Require "name" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "items" ADD CONSTRAINT "items_name_required" CHECK ("name" IS NOT NULL) NOT VALID;
==> add_required_column_validate_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_name_required";
==> add_required_column_not_null_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "name" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_name_required";
