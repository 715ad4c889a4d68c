==> drop_tables_contract.sql
-- What this file destroys, nothing brings back. Apply it when no running version
-- of the service needs it any longer:
--   table "d" and its rows

-- Nothing that is declared has it any more
DROP TABLE "d";
==> drop_tables_contract.sql
-- What this file destroys, nothing brings back. Apply it when no running version
-- of the service needs it any longer:
--   table "b" and its rows
--   table "c" and its rows

-- Nothing that is declared has them any more, and they refer to each other
DROP TABLE "b", "c";
