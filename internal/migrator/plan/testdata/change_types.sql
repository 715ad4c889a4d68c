==> change_types.sql
-- Change "name" from character varying(20) to character varying(50) in place: no row is rewritten
-- Change "amount" from character varying(20) to bigint: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
ALTER TABLE "items" ALTER COLUMN "name" TYPE character varying(50), ALTER COLUMN "amount" DROP DEFAULT, ALTER COLUMN "amount" TYPE bigint USING "amount"::bigint, ALTER COLUMN "amount" SET DEFAULT 0;
==> change_types_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   values of column "price" of table "items" that double precision can't hold: 9007199254740993 becomes 9007199254740992

-- Change "price" from bigint to double precision: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
ALTER TABLE "items" ALTER COLUMN "price" TYPE double precision;
