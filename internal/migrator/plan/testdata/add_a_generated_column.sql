==> add_a_generated_column.sql
-- Create "doubled" as declared
ALTER TABLE items ADD COLUMN doubled bigint GENERATED ALWAYS AS (price * 2) STORED;
