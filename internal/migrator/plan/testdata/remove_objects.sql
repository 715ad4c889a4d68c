==> remove_objects_index.sql
-- atlas:txmode none

-- No entity declares "items_long" any more. Reads and writes go on
DROP INDEX CONCURRENTLY "items_long";
==> remove_objects_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   row-level security of table "items" (ENABLE)
--   trigger "stamp" on table "items"
--   policy "visible" on table "items"
--   view "named"

-- No longer declared
ALTER TABLE "items" DISABLE ROW LEVEL SECURITY;
-- No longer declared
DROP TRIGGER "stamp" ON "items";
-- No longer declared
DROP POLICY "visible" ON "items";
-- No longer declared
DROP VIEW "named";
==> remove_objects_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   table "audit" and its rows
--   function "stamp()"
--   extension "citext"

-- No longer declared
DROP TABLE "audit";
-- No longer declared
DROP ROUTINE "stamp"();
-- No longer declared
DROP EXTENSION "citext";
