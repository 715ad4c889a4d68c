==> drop_column.sql
-- Code that doesn't know "name" any more can insert, until the column is dropped
ALTER TABLE "items" ALTER COLUMN "name" DROP NOT NULL;
==> drop_column_contract.sql
-- What this file destroys, nothing brings back. Apply it when no running version
-- of the service needs it any longer:
--   column "name" of table "items" and its values

-- Nothing that is declared has it any more
ALTER TABLE "items" DROP COLUMN "name";
