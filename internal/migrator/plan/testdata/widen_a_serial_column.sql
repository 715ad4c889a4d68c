==> widen_a_serial_column.sql
-- Change "place" from integer to bigint: this REWRITES the table and its indexes, and
-- nobody reads or writes the table meanwhile
ALTER TABLE "items" ALTER COLUMN "place" TYPE bigint;
-- Its numbers end where those of "place" do
ALTER SEQUENCE items_place_seq AS bigint;
