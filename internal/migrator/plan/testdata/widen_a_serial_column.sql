==> widen_a_serial_column.sql
-- Change "place" from integer to bigint: this REWRITES the table and its indexes, and
-- blocks reads and writes meanwhile
ALTER TABLE "items" ALTER COLUMN "place" TYPE bigint;
-- Widen the sequence to the type of "place"
ALTER SEQUENCE items_place_seq AS bigint;
