==> require_two_columns_of_long_names.sql
-- Require "the_delivery_address_of_the_customer_at_the_first_attempt" of new rows. Backfill the existing rows, a few thousand at a time, before the file
-- that validates this: it fails on a row without a value
ALTER TABLE "items" ADD CONSTRAINT "items_the_delivery_address_of_the_customer_at_b2f4983b_required" CHECK ("the_delivery_address_of_the_customer_at_the_first_attempt" IS NOT NULL) NOT VALID;
-- Require "the_delivery_address_of_the_customer_at_the_second_attempt" of new rows. Backfill the existing rows, a few thousand at a time, before the file
-- that validates this: it fails on a row without a value
ALTER TABLE "items" ADD CONSTRAINT "items_the_delivery_address_of_the_customer_at_aec68583_required" CHECK ("the_delivery_address_of_the_customer_at_the_second_attempt" IS NOT NULL) NOT VALID;
==> require_two_columns_of_long_names_validate.sql
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_the_delivery_address_of_the_customer_at_aec68583_required";
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_the_delivery_address_of_the_customer_at_b2f4983b_required";
==> require_two_columns_of_long_names_not_null.sql
-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "the_delivery_address_of_the_customer_at_the_first_attempt" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_the_delivery_address_of_the_customer_at_b2f4983b_required";
-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "the_delivery_address_of_the_customer_at_the_second_attempt" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_the_delivery_address_of_the_customer_at_aec68583_required";
