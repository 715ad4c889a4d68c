==> remove_objects_index.sql
-- atlas:txmode none

-- No entity has "items_long" any more. Reads and writes go on
DROP INDEX CONCURRENTLY "items_long";
==> remove_objects_contract.sql
-- What this file destroys, nothing brings back. Apply it when no running version
-- of the service needs it any longer:
--   row-level security of table "items" (ENABLE)
--   trigger "stamp" on table "items"
--   policy "visible" on table "items"
--   view "named"

-- Nothing that is declared has it any more
ALTER TABLE "items" DISABLE ROW LEVEL SECURITY;
-- Nothing that is declared has it any more
DROP TRIGGER "stamp" ON "items";
-- Nothing that is declared has it any more
DROP POLICY "visible" ON "items";
-- Nothing that is declared has it any more
DROP VIEW "named";
==> remove_objects_contract.sql
-- What this file destroys, nothing brings back. Apply it when no running version
-- of the service needs it any longer:
--   table "audit" and its rows
--   function "stamp()"
--   extension "citext"

-- Nothing that is declared has it any more
DROP TABLE "audit";
-- Nothing that is declared has it any more
DROP ROUTINE "stamp"();
-- Nothing that is declared has it any more
DROP EXTENSION "citext";
