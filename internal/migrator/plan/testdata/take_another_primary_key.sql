==> take_another_primary_key.sql
-- Require "id" of new rows. Backfill the existing rows, a few thousand at a time, before the file
-- that validates this: it fails on a row without a value
ALTER TABLE "items" ADD CONSTRAINT "items_id_required" CHECK ("id" IS NOT NULL) NOT VALID;
==> take_another_primary_key_validate.sql
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_id_required";
==> take_another_primary_key_not_null.sql
-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "id" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_id_required";
==> take_another_primary_key_index.sql
-- atlas:txmode none

-- Build the index of the new primary key while others read and write
CREATE UNIQUE INDEX CONCURRENTLY "items_pkey_new" ON "items" ("id");
==> take_another_primary_key.sql
-- Make it the primary key, which is instant
ALTER TABLE "items" DROP CONSTRAINT "items_pkey", ADD CONSTRAINT "items_pkey" PRIMARY KEY USING INDEX "items_pkey_new";
