==> drop_a_generated_column_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   column "doubled" of table "items" and its values

-- No longer declared
ALTER TABLE "items" DROP COLUMN "doubled";
