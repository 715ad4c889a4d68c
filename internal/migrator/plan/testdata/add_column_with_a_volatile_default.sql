==> add_column_with_a_volatile_default.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "items" ADD COLUMN "token" uuid NULL;
-- New rows get the default from now on. Existing rows have no value: backfill them, a few
-- thousand at a time
ALTER TABLE "items" ALTER COLUMN "token" SET DEFAULT gen_random_uuid();
==> add_column_with_a_volatile_default.sql
-- Require "token" of new rows. Backfill the existing rows, a few thousand at a time, before the file
-- that validates this: it fails on a row without a value
ALTER TABLE "items" ADD CONSTRAINT "items_token_required" CHECK ("token" IS NOT NULL) NOT VALID;
==> add_column_with_a_volatile_default_validate.sql
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_token_required";
==> add_column_with_a_volatile_default_not_null.sql
-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "token" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_token_required";
