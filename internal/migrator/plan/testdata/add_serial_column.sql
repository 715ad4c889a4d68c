==> add_serial_column.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "items" ADD COLUMN "place" integer NULL;
-- The sequence of "place"
CREATE SEQUENCE items_place_seq AS integer OWNED BY "items"."place";
-- New rows get the default from now on. Existing rows have no value: backfill them, a few
-- thousand at a time
ALTER TABLE "items" ALTER COLUMN "place" SET DEFAULT nextval('items_place_seq'::regclass);
==> add_serial_column.sql
-- Require "place" of new rows. Backfill the existing rows, a few thousand at a time, before the file
-- that validates this: it fails on a row without a value
ALTER TABLE "items" ADD CONSTRAINT "items_place_required" CHECK ("place" IS NOT NULL) NOT VALID;
==> add_serial_column_validate.sql
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_place_required";
==> add_serial_column_not_null.sql
-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "place" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_place_required";
