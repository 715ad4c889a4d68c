==> show_all_columns_but_the_dropped.sql
-- Lets code that no longer knows "price" insert, until the column is dropped
ALTER TABLE "items" ALTER COLUMN "price" DROP NOT NULL;
-- Create "all_items" as declared, without what is dropped later
CREATE VIEW whole AS
 SELECT items.id,
    items.name
   FROM items;
CREATE VIEW again AS
 SELECT whole.id,
    whole.name
   FROM whole;
==> show_all_columns_but_the_dropped_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   column "price" of table "items" and its values

-- No longer declared
ALTER TABLE "items" DROP COLUMN "price";
