==> add_a_generated_column.sql
-- Create "doubled" as declared: this REWRITES "items", and
-- blocks reads and writes meanwhile
ALTER TABLE items ADD COLUMN doubled bigint GENERATED ALWAYS AS (price * 2) STORED;
