==> add_column_with_a_volatile_default.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "items" ADD COLUMN "token" uuid NULL;
-- New rows have the default from now on. Those that are there have no value: fill them, a few
-- thousand at a time
ALTER TABLE "items" ALTER COLUMN "token" SET DEFAULT gen_random_uuid();
==> add_column_with_a_volatile_default.sql
-- Have new rows fill "token". Where rows are there without it, fill them, a few thousand at a time,
-- before the file that validates this: with one that is empty, it fails
ALTER TABLE "items" ADD CONSTRAINT "items_token_required" CHECK ("token" IS NOT NULL) NOT VALID;
==> add_column_with_a_volatile_default_validate.sql
-- Look at the rows that are there. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_token_required";
==> add_column_with_a_volatile_default_not_null.sql
-- The rows were looked at by then: nothing is scanned
ALTER TABLE "items" ALTER COLUMN "token" SET NOT NULL;
-- The column says so itself now
ALTER TABLE "items" DROP CONSTRAINT "items_token_required";
