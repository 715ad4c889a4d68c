==> drop_a_generated_column_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- No longer declared
ALTER TABLE "items" DROP COLUMN "doubled";
