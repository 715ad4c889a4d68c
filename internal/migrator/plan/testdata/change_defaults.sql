==> change_defaults.sql
-- The default is for new rows; existing rows keep their values
ALTER TABLE "items" ALTER COLUMN "price" SET DEFAULT 2;
-- "size" has no default any more: every INSERT must give a value
ALTER TABLE "items" ALTER COLUMN "size" DROP DEFAULT;
-- The default is for new rows; existing rows keep their values
ALTER TABLE "items" ALTER COLUMN "rank" SET DEFAULT 3;
