==> add_serial_column.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "items" ADD COLUMN "place" integer NULL;
-- The sequence of "place"
CREATE SEQUENCE items_place_seq AS integer OWNED BY "items"."place";
-- New rows get the default from now on. Existing rows have no value: backfill them, a few
-- thousand at a time
ALTER TABLE "items" ALTER COLUMN "place" SET DEFAULT nextval('items_place_seq'::regclass);
==> add_serial_column_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "place" a value in the existing rows of "items": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- DO $$ BEGIN
--   LOOP
--     UPDATE "items" SET "place" = DEFAULT
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "items" WHERE "place" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
==> add_serial_column_required_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Require "place" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "items" ADD CONSTRAINT "items_place_required" CHECK ("place" IS NOT NULL) NOT VALID;
==> add_serial_column_validate_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_place_required";
==> add_serial_column_not_null_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "place" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_place_required";
