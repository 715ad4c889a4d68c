==> require.sql
-- Have new rows fill "name". Where rows are there without it, fill them, a few thousand at a time,
-- before the file that validates this: with one that is empty, it fails
ALTER TABLE "items" ADD CONSTRAINT "items_name_required" CHECK ("name" IS NOT NULL) NOT VALID;
==> require_validate.sql
-- Look at the rows that are there. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_name_required";
==> require_not_null.sql
-- The rows were looked at by then: nothing is scanned
ALTER TABLE "items" ALTER COLUMN "name" SET NOT NULL;
-- The column says so itself now
ALTER TABLE "items" DROP CONSTRAINT "items_name_required";
