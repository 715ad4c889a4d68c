==> drop_a_column_that_a_function_no_longer_reads.sql
-- Lets code that no longer knows "name" insert, until the column is dropped
ALTER TABLE "items" ALTER COLUMN "name" DROP NOT NULL;
-- Create "total" as declared
CREATE OR REPLACE FUNCTION total() RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(price) FROM items; END;
==> drop_a_column_that_a_function_no_longer_reads_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   column "name" of table "items" and its values

-- No longer declared
ALTER TABLE "items" DROP COLUMN "name";
