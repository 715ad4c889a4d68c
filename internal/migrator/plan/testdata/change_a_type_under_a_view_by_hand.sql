==> change_a_type_under_a_view_by_hand.sql
-- Change "price" from integer to bigint: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
-- Dropped, because it depends on the type, and created again with the privileges and
-- comments that migrations gave: view "cheap", trigger "cheap.refuse"
DROP TRIGGER "refuse" ON "cheap";
DROP VIEW "cheap";
ALTER TABLE "items" ALTER COLUMN "price" TYPE bigint;
CREATE VIEW cheap AS
 SELECT items.id,
    items.price
   FROM items;
ALTER VIEW cheap ALTER COLUMN price SET DEFAULT 7;
GRANT SELECT ON cheap TO PUBLIC;
GRANT UPDATE (price) ON cheap TO PUBLIC;
COMMENT ON VIEW cheap IS 'what it''s for';
COMMENT ON COLUMN cheap.price IS 'the price';
CREATE TRIGGER refuse INSTEAD OF DELETE ON cheap FOR EACH ROW EXECUTE FUNCTION refuse();
