==> take_another_primary_key.sql
-- Have new rows fill "id". Where rows are there without it, fill them, a few thousand at a time,
-- before the file that validates this: with one that is empty, it fails
ALTER TABLE "items" ADD CONSTRAINT "items_id_required" CHECK ("id" IS NOT NULL) NOT VALID;
==> take_another_primary_key_validate.sql
-- Look at the rows that are there. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_id_required";
==> take_another_primary_key_not_null.sql
-- The rows were looked at by then: nothing is scanned
ALTER TABLE "items" ALTER COLUMN "id" SET NOT NULL;
-- The column says so itself now
ALTER TABLE "items" DROP CONSTRAINT "items_id_required";
==> take_another_primary_key_index.sql
-- atlas:txmode none

-- Build the index of the new primary key while the table is read and written
CREATE UNIQUE INDEX CONCURRENTLY "items_pkey_new" ON "items" ("id");
==> take_another_primary_key.sql
-- Make it the primary key, which takes no time
ALTER TABLE "items" DROP CONSTRAINT "items_pkey", ADD CONSTRAINT "items_pkey" PRIMARY KEY USING INDEX "items_pkey_new";
