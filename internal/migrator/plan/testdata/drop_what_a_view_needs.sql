==> drop_what_a_view_needs_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   view "named"
--   column "name" of table "items" and its values

-- No longer declared
DROP VIEW "named";
-- No longer declared
ALTER TABLE "items" DROP COLUMN "name";
