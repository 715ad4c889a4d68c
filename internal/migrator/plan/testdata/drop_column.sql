==> drop_column.sql
-- Lets code that no longer knows "name" insert, until the column is dropped
ALTER TABLE "items" ALTER COLUMN "name" DROP NOT NULL;
==> drop_column_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   column "name" of table "items" and its values

-- No longer declared
ALTER TABLE "items" DROP COLUMN "name";
