==> go_on_requiring_contract.sql
-- For when no old code is left: migrate apply --phase contract

-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "name" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_name_required";
