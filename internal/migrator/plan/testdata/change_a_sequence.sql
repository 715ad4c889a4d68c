==> change_a_sequence_contract.sql
-- What this file destroys, nothing brings back. Apply it when no running version
-- of the service needs it any longer:
--   how far sequence "counter" has counted

-- Make place for "counter" as it is declared now
DROP SEQUENCE counter;
-- Make "counter", as it is declared
CREATE SEQUENCE counter INCREMENT BY 2;
