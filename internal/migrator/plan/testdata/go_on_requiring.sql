==> go_on_requiring.sql
-- The validated check saves the scan
ALTER TABLE "items" ALTER COLUMN "name" SET NOT NULL;
-- NOT NULL replaces the check
ALTER TABLE "items" DROP CONSTRAINT "items_name_required";
