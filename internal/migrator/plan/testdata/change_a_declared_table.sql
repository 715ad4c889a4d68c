==> change_a_declared_table_contract.sql
-- What this file destroys, nothing brings back. Apply it when no running version
-- of the service needs it any longer:
--   table "audit" and its rows

-- Make place for "audit" as it is declared now
DROP TABLE audit;
-- Make "audit", as it is declared
CREATE TABLE audit (id bigint PRIMARY KEY, what jsonb NOT NULL);
