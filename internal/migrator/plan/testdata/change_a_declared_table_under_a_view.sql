==> change_a_declared_table_under_a_view_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   table "audit" and its rows

-- Make room for "audit"
DROP VIEW "audited";
-- Remove the old form of "audit"
DROP TABLE audit;
-- Create "audit" as declared
CREATE TABLE audit (id bigint PRIMARY KEY, what jsonb NOT NULL);
-- Create what depends on it again: view "audited"
CREATE VIEW audited AS
 SELECT audit.what
   FROM audit;
