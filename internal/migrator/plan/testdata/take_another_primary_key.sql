==> take_another_primary_key_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "id" a value in the existing rows of "items": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- DO $$ BEGIN
--   LOOP
--     UPDATE "items" SET "id" = …
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "items" WHERE "id" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
==> take_another_primary_key_required_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Require "id" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "items" ADD CONSTRAINT "items_id_required" CHECK ("id" IS NOT NULL) NOT VALID;
==> take_another_primary_key_validate_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_id_required";
==> take_another_primary_key_not_null_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "id" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_id_required";
==> take_another_primary_key_index_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Build the index of the new primary key while others read and write
CREATE UNIQUE INDEX CONCURRENTLY "items_pkey_new" ON "items" ("id");
==> take_another_primary_key_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Make it the primary key, which is instant
ALTER TABLE "items" DROP CONSTRAINT "items_pkey", ADD CONSTRAINT "items_pkey" PRIMARY KEY USING INDEX "items_pkey_new";
