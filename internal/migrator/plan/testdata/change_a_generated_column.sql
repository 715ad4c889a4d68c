==> change_a_generated_column.sql
-- Remove the old form of "doubled"
ALTER TABLE items DROP COLUMN doubled;
-- Create "doubled" as declared: this REWRITES "items", and
-- blocks reads and writes meanwhile
ALTER TABLE items ADD COLUMN doubled bigint GENERATED ALWAYS AS (price * 3) STORED;
