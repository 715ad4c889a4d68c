==> add_column_with_a_volatile_default.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "items" ADD COLUMN "token" uuid NULL;
-- New rows get the default from now on. Existing rows have no value: backfill them, a few
-- thousand at a time
ALTER TABLE "items" ALTER COLUMN "token" SET DEFAULT gen_random_uuid();
==> add_column_with_a_volatile_default_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "token" a value in the existing rows of "items": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- DO $$ BEGIN
--   LOOP
--     UPDATE "items" SET "token" = DEFAULT
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "items" WHERE "token" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
==> add_column_with_a_volatile_default_required_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Require "token" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "items" ADD CONSTRAINT "items_token_required" CHECK ("token" IS NOT NULL) NOT VALID;
==> add_column_with_a_volatile_default_validate_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_token_required";
==> add_column_with_a_volatile_default_not_null_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "token" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_token_required";
