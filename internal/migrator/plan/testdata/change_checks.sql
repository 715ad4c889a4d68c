==> change_checks.sql
-- No entity has "gone" any more
ALTER TABLE "items" DROP CONSTRAINT "gone";
-- Hold new rows to it at once. Those that are there are looked at by a later file, which
-- stops nobody
ALTER TABLE "items" DROP CONSTRAINT "price", ADD CONSTRAINT "price" CHECK (price >= 0) NOT VALID;
-- Hold new rows to it at once. Those that are there are looked at by a later file, which
-- stops nobody
ALTER TABLE "items" ADD CONSTRAINT "small" CHECK (price < 100) NOT VALID;
==> change_checks_validate.sql
-- Look at the rows that are there. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "price";
-- Look at the rows that are there. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "small";
