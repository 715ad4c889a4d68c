==> change_types.sql
-- Change "name" from character varying(20) to character varying(50) in place: no row is rewritten
ALTER TABLE "items" ALTER COLUMN "name" TYPE character varying(50);
-- Change "amount" from character varying(20) to bigint: this REWRITES the table and its indexes, and
-- nobody reads or writes the table meanwhile
ALTER TABLE "items" ALTER COLUMN "amount" DROP DEFAULT, ALTER COLUMN "amount" TYPE bigint USING "amount"::bigint;
-- Change "price" from bigint to double precision: this REWRITES the table and its indexes, and
-- nobody reads or writes the table meanwhile
ALTER TABLE "items" ALTER COLUMN "price" TYPE double precision;
-- The default is for new rows: those that are there keep their values
ALTER TABLE "items" ALTER COLUMN "amount" SET DEFAULT 0;
