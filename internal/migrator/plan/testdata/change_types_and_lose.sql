==> change_types_and_lose_contract.sql
-- What this file destroys, nothing brings back. Apply it when no running version
-- of the service needs it any longer:
--   what column "price" of table "items" holds and numeric(10,2) doesn't: 1.2346 becomes 1.2300
--   what column "moment" of table "items" holds and date doesn't: 2000-01-02 03:04:05.678901+00 becomes 2000-01-02 00:00:00+00

-- Change "price" from numeric(12,4) to numeric(10,2): this REWRITES the table and its indexes, and
-- nobody reads or writes the table meanwhile
-- Change "moment" from timestamp with time zone to date: this REWRITES the table and its indexes, and
-- nobody reads or writes the table meanwhile
-- Change "score" from bigint to text: this REWRITES the table and its indexes, and
-- nobody reads or writes the table meanwhile
ALTER TABLE "items" ALTER COLUMN "price" TYPE numeric(10,2), ALTER COLUMN "moment" TYPE date, ALTER COLUMN "score" TYPE text;
