==> add_serial_column.sql
-- Add it without a value, which is instant, and without its conditions, which follow
ALTER TABLE "items" ADD COLUMN "place" integer NULL;
-- "place" takes its numbers from here
CREATE SEQUENCE items_place_seq AS integer OWNED BY "items"."place";
-- New rows have the default from now on. Those that are there have no value: fill them, a few
-- thousand at a time
ALTER TABLE "items" ALTER COLUMN "place" SET DEFAULT nextval('items_place_seq'::regclass);
==> add_serial_column.sql
-- Have new rows fill "place". Where rows are there without it, fill them, a few thousand at a time,
-- before the file that validates this: with one that is empty, it fails
ALTER TABLE "items" ADD CONSTRAINT "items_place_required" CHECK ("place" IS NOT NULL) NOT VALID;
==> add_serial_column_validate.sql
-- Look at the rows that are there. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_place_required";
==> add_serial_column_not_null.sql
-- The rows were looked at by then: nothing is scanned
ALTER TABLE "items" ALTER COLUMN "place" SET NOT NULL;
-- The column says so itself now
ALTER TABLE "items" DROP CONSTRAINT "items_place_required";
