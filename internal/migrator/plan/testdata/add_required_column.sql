==> add_required_column.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "items" ADD COLUMN "name" character varying(20) NULL;
==> add_required_column.sql
-- Require "name" of new rows. Backfill the existing rows, a few thousand at a time, before the file
-- that validates this: it fails on a row without a value
ALTER TABLE "items" ADD CONSTRAINT "items_name_required" CHECK ("name" IS NOT NULL) NOT VALID;
==> add_required_column_validate.sql
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_name_required";
==> add_required_column_not_null.sql
-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "name" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_name_required";
