==> change_the_type_under_a_generated_column.sql
-- Change "price" from integer to bigint: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
-- Dropped, because it depends on the type, and created again with the privileges and
-- comments that migrations gave: column "doubled"
ALTER TABLE "items" DROP COLUMN "doubled", ALTER COLUMN "price" TYPE bigint, ADD COLUMN "doubled" bigint GENERATED ALWAYS AS ((price * 2)) STORED;
