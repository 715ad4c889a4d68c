==> change_a_type_under_views.sql
-- Change "price" from integer to bigint: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
-- Dropped, because it depends on the type, and created again with the privileges and
-- comments that migrations gave: materialized view "totals" (filled again), view "cheap", view "free"
DROP VIEW "free";
DROP VIEW "cheap";
DROP MATERIALIZED VIEW "totals";
ALTER TABLE "items" ALTER COLUMN "price" TYPE bigint;
CREATE MATERIALIZED VIEW totals AS
 SELECT sum(items.price) AS total
   FROM items;
CREATE UNIQUE INDEX totals_total ON totals USING btree (total);
CREATE VIEW cheap AS
 SELECT items.id,
    items.name,
    items.price
   FROM items
  WHERE items.price < 10;
CREATE VIEW free WITH (security_barrier=true) AS
 SELECT cheap.id,
    cheap.price
   FROM cheap
  WHERE cheap.price = 0;
