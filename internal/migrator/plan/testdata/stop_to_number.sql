==> stop_to_number.sql
-- Every INSERT must give "id" from now on
ALTER TABLE "items" ALTER COLUMN "id" DROP IDENTITY;
