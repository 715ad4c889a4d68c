==> drop_what_a_view_needs_contract.sql
-- What this file destroys, nothing brings back. Apply it when no running version
-- of the service needs it any longer:
--   view "named"
--   column "name" of table "items" and its values

-- Nothing that is declared has it any more
DROP VIEW "named";
-- Nothing that is declared has it any more
ALTER TABLE "items" DROP COLUMN "name";
