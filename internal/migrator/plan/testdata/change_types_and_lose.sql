==> change_types_and_lose.sql
-- Change "score" from bigint to text: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
ALTER TABLE "items" ALTER COLUMN "score" TYPE text;
==> change_types_and_lose_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   values of column "price" of table "items" that numeric(10,2) can't hold: 1.2346 becomes 1.2300
--   values of column "moment" of table "items" that date can't hold: 2000-01-02 03:04:05.678901+00 becomes 2000-01-02 00:00:00+00

-- Change "price" from numeric(12,4) to numeric(10,2): this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile.
-- It rounds values that don't fit, or fails. To find them:
--   SELECT * FROM "items" WHERE "price" <> round("price", 2) OR abs("price") >= 1e8 LIMIT 10
-- Change "moment" from timestamp with time zone to date: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile.
-- It rounds values that don't fit, or fails. To find them:
--   SELECT * FROM "items" WHERE "moment" <> date_trunc('day', "moment") LIMIT 10
ALTER TABLE "items" ALTER COLUMN "price" TYPE numeric(10,2), ALTER COLUMN "moment" TYPE date;
