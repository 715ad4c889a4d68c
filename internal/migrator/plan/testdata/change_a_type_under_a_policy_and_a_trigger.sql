==> change_a_type_under_a_policy_and_a_trigger.sql
-- Change "price" from integer to bigint: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
-- Dropped, because it depends on the type, and created again with the privileges and
-- comments that migrations gave: policy "visible", trigger "noop"
DROP TRIGGER "noop" ON "items";
DROP POLICY "visible" ON "items";
ALTER TABLE "items" ALTER COLUMN "price" TYPE bigint;
CREATE POLICY visible ON items USING ((price > 0));
CREATE TRIGGER noop BEFORE UPDATE OF price ON items FOR EACH ROW WHEN (new.price > 0) EXECUTE FUNCTION noop();
