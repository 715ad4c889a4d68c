==> change_a_sequence_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   the position of sequence "counter"

-- Remove the old form of "counter"
DROP SEQUENCE counter;
-- Create "counter" as declared
CREATE SEQUENCE counter INCREMENT BY 2;
