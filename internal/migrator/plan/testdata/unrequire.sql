==> unrequire.sql
-- "name" may be NULL from now on: code that reads it must expect that
ALTER TABLE "items" ALTER COLUMN "name" DROP NOT NULL;
