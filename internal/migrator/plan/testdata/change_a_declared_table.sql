==> change_a_declared_table_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   table "audit" and its rows

-- Remove the old form of "audit"
DROP TABLE audit;
-- Create "audit" as declared
CREATE TABLE audit (id bigint PRIMARY KEY, what jsonb NOT NULL);
