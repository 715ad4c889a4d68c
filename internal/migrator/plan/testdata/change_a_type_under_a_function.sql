==> change_a_type_under_a_function.sql
-- Change "price" from integer to bigint: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
-- Dropped, because it depends on the type, and created again with the privileges and
-- comments that migrations gave: function "total()"
DROP ROUTINE "total"();
ALTER TABLE "items" ALTER COLUMN "price" TYPE bigint;
CREATE OR REPLACE FUNCTION total()
 RETURNS numeric
 LANGUAGE sql
BEGIN ATOMIC
 SELECT sum(items.price) AS sum
    FROM items;
END;
REVOKE ALL ON ROUTINE total() FROM PUBLIC;
GRANT EXECUTE ON ROUTINE total() TO pg_monitor;
COMMENT ON ROUTINE total() IS 'what it''s for';
