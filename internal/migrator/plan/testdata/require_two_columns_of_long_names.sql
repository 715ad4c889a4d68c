==> require_two_columns_of_long_names_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "the_delivery_address_of_the_customer_at_the_first_attempt" a value in the existing rows of "items": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- DO $$ BEGIN
--   LOOP
--     UPDATE "items" SET "the_delivery_address_of_the_customer_at_the_first_attempt" = …
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "items" WHERE "the_delivery_address_of_the_customer_at_the_first_attempt" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
==> require_two_columns_of_long_names_backfill_contract.sql
-- atlas:txmode none

-- For when no old code is left: migrate apply --phase contract

-- Give "the_delivery_address_of_the_customer_at_the_second_attempt" a value in the existing rows of "items": a later file fails on a row without
-- one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
-- are no such rows, remove the file.
--
-- DO $$ BEGIN
--   LOOP
--     UPDATE "items" SET "the_delivery_address_of_the_customer_at_the_second_attempt" = …
--       WHERE ctid = ANY (ARRAY(SELECT ctid FROM "items" WHERE "the_delivery_address_of_the_customer_at_the_second_attempt" IS NULL LIMIT 5000));
--     EXIT WHEN NOT FOUND;
--     COMMIT;
--   END LOOP;
-- END $$;
==> require_two_columns_of_long_names_required_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Require "the_delivery_address_of_the_customer_at_the_first_attempt" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "items" ADD CONSTRAINT "items_the_delivery_address_of_the_customer_at_b2f4983b_required" CHECK ("the_delivery_address_of_the_customer_at_the_first_attempt" IS NOT NULL) NOT VALID;
-- Require "the_delivery_address_of_the_customer_at_the_second_attempt" of every row that is written from now on. Existing rows are checked later
ALTER TABLE "items" ADD CONSTRAINT "items_the_delivery_address_of_the_customer_at_aec68583_required" CHECK ("the_delivery_address_of_the_customer_at_the_second_attempt" IS NOT NULL) NOT VALID;
==> require_two_columns_of_long_names_validate_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_the_delivery_address_of_the_customer_at_aec68583_required";
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_the_delivery_address_of_the_customer_at_b2f4983b_required";
==> require_two_columns_of_long_names_not_null_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "the_delivery_address_of_the_customer_at_the_first_attempt" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_the_delivery_address_of_the_customer_at_b2f4983b_required";
-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "the_delivery_address_of_the_customer_at_the_second_attempt" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_the_delivery_address_of_the_customer_at_aec68583_required";
