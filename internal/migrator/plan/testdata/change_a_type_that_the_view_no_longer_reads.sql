==> change_a_type_that_the_view_no_longer_reads.sql
-- Change "price" from character varying(20) to bigint: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
-- Dropped, because it depends on the type, and created again with the privileges and
-- comments that migrations gave: view "named"
DROP VIEW "named";
ALTER TABLE "items" ALTER COLUMN "price" TYPE bigint USING "price"::bigint;
CREATE VIEW named AS
 SELECT items.id,
    items.name
   FROM items;
