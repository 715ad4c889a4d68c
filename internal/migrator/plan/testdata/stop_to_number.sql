==> stop_to_number.sql
-- Whoever inserts gives "id" from now on
ALTER TABLE "items" ALTER COLUMN "id" DROP IDENTITY;
