==> change_checks.sql
-- No entity declares "gone" any more
ALTER TABLE "items" DROP CONSTRAINT "gone";
-- Enforce for new rows now; existing rows are validated in a later file
ALTER TABLE "items" DROP CONSTRAINT "price", ADD CONSTRAINT "price" CHECK (price >= 0) NOT VALID;
-- Enforce for new rows now; existing rows are validated in a later file
ALTER TABLE "items" ADD CONSTRAINT "small" CHECK (price < 100) NOT VALID;
==> change_checks_validate.sql
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "price";
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "small";
