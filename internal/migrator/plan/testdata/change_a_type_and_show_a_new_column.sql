==> change_a_type_and_show_a_new_column.sql
-- Add what needs no value or has a constant one: the rows that are there aren't written
ALTER TABLE "items" ADD COLUMN "name" character varying(20) NULL;
-- Change "price" from integer to bigint: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
-- Dropped, because it depends on the type, and created again with the privileges and
-- comments that migrations gave: view "priced"
DROP VIEW "priced";
ALTER TABLE "items" ALTER COLUMN "price" TYPE bigint;
CREATE VIEW priced AS
 SELECT items.id,
    items.name,
    items.price
   FROM items;
