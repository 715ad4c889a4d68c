==> drop_a_column_that_the_view_no_longer_reads.sql
-- Lets code that no longer knows "price" insert, until the column is dropped
ALTER TABLE "items" ALTER COLUMN "price" DROP NOT NULL;
-- Remove the old form of "named"
DROP VIEW named;
-- Create "named" as declared
CREATE VIEW named AS SELECT id, name FROM items;
==> drop_a_column_that_the_view_no_longer_reads_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   column "price" of table "items" and its values

-- No longer declared
ALTER TABLE "items" DROP COLUMN "price";
