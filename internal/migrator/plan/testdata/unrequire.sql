==> unrequire.sql
-- "name" may be empty from now on: code that reads it has to expect that
ALTER TABLE "items" ALTER COLUMN "name" DROP NOT NULL;
