==> change_a_type_under_a_policy_and_a_trigger.sql
-- Change "price" from integer to bigint: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
-- PostgreSQL changes no type under policy "visible", trigger "noop": dropped, and created again
-- with the privileges and comments that migrations gave
DROP TRIGGER "noop" ON "items";
DROP POLICY "visible" ON "items";
ALTER TABLE "items" ALTER COLUMN "price" TYPE bigint;
CREATE POLICY visible ON items USING ((price > 0));
CREATE TRIGGER noop BEFORE UPDATE OF price ON items FOR EACH ROW WHEN (new.price > 0) EXECUTE FUNCTION noop();
