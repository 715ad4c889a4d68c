==> give_rows_a_tenant.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "items" ADD COLUMN "tenant_id" uuid NULL;
==> give_rows_a_tenant.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "lines" ADD COLUMN "tenant_id" uuid NULL;
==> give_rows_a_tenant_index.sql
-- atlas:txmode none

-- Build the index while others read and write. It fails, and leaves an index
-- that isn't valid, when a value is there twice
CREATE UNIQUE INDEX CONCURRENTLY "items_tenant_id_id" ON "items" ("tenant_id", "id");
==> give_rows_a_tenant_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "tenant_id" a value in the existing rows of "items": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- DO $$ BEGIN
--   LOOP
--     UPDATE "items" SET "tenant_id" = …
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "items" WHERE "tenant_id" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
==> give_rows_a_tenant_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "tenant_id" a value in the existing rows of "lines": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- DO $$ BEGIN
--   LOOP
--     UPDATE "lines" SET "tenant_id" = …
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "lines" WHERE "tenant_id" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
==> give_rows_a_tenant_required_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Require "tenant_id" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "items" ADD CONSTRAINT "items_tenant_id_required" CHECK ("tenant_id" IS NOT NULL) NOT VALID;
==> give_rows_a_tenant_required_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Require "tenant_id" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "lines" ADD CONSTRAINT "lines_tenant_id_required" CHECK ("tenant_id" IS NOT NULL) NOT VALID;
==> give_rows_a_tenant_validate_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_tenant_id_required";
-- Check the existing rows. Reads and writes go on
ALTER TABLE "lines" VALIDATE CONSTRAINT "lines_tenant_id_required";
==> give_rows_a_tenant_not_null_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "tenant_id" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_tenant_id_required";
==> give_rows_a_tenant_not_null_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "lines" ALTER COLUMN "tenant_id" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "lines" DROP CONSTRAINT "lines_tenant_id_required";
-- Enforce for new rows now; existing rows are validated in a later file
ALTER TABLE "lines" DROP CONSTRAINT "lines_items_item_id", ADD CONSTRAINT "lines_items_item_id" FOREIGN KEY ("tenant_id", "item_id") REFERENCES "items" ("tenant_id", "id") ON DELETE NO ACTION NOT VALID;
==> give_rows_a_tenant_validate_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Check the existing rows. Reads and writes go on
ALTER TABLE "lines" VALIDATE CONSTRAINT "lines_items_item_id";
