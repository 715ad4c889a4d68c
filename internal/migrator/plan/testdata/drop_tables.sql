==> drop_tables_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   table "d" and its rows

-- No longer declared
DROP TABLE "d";
==> drop_tables_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   table "b" and its rows
--   table "c" and its rows

-- No longer declared. They reference each other
DROP TABLE "b", "c";
