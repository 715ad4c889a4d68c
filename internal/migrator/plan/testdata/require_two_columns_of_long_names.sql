==> require_two_columns_of_long_names.sql
-- Have new rows fill "the_delivery_address_of_the_customer_at_the_first_attempt". Where rows are there without it, fill them, a few thousand at a time,
-- before the file that validates this: with one that is empty, it fails
ALTER TABLE "items" ADD CONSTRAINT "items_the_delivery_address_of_the_customer_at_b2f4983b_required" CHECK ("the_delivery_address_of_the_customer_at_the_first_attempt" IS NOT NULL) NOT VALID;
-- Have new rows fill "the_delivery_address_of_the_customer_at_the_second_attempt". Where rows are there without it, fill them, a few thousand at a time,
-- before the file that validates this: with one that is empty, it fails
ALTER TABLE "items" ADD CONSTRAINT "items_the_delivery_address_of_the_customer_at_aec68583_required" CHECK ("the_delivery_address_of_the_customer_at_the_second_attempt" IS NOT NULL) NOT VALID;
==> require_two_columns_of_long_names_validate.sql
-- Look at the rows that are there. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_the_delivery_address_of_the_customer_at_aec68583_required";
-- Look at the rows that are there. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_the_delivery_address_of_the_customer_at_b2f4983b_required";
==> require_two_columns_of_long_names_not_null.sql
-- The rows were looked at by then: nothing is scanned
ALTER TABLE "items" ALTER COLUMN "the_delivery_address_of_the_customer_at_the_first_attempt" SET NOT NULL;
-- The column says so itself now
ALTER TABLE "items" DROP CONSTRAINT "items_the_delivery_address_of_the_customer_at_b2f4983b_required";
-- The rows were looked at by then: nothing is scanned
ALTER TABLE "items" ALTER COLUMN "the_delivery_address_of_the_customer_at_the_second_attempt" SET NOT NULL;
-- The column says so itself now
ALTER TABLE "items" DROP CONSTRAINT "items_the_delivery_address_of_the_customer_at_aec68583_required";
