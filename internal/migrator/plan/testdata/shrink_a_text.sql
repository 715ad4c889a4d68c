==> shrink_a_text_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- Change "name" from character varying(50) to character varying(20): this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile.
-- It fails on values that don't fit, and changes nothing then. To find them:
--   SELECT * FROM "items" WHERE length("name"::text) > 20 LIMIT 10
ALTER TABLE "items" ALTER COLUMN "name" TYPE character varying(20);
