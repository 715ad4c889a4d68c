==> add_a_value_that_a_view_uses.sql
-- Instant. In a file of its own, because the transaction that adds a value can't use it
ALTER TYPE "states" ADD VALUE 'done';
==> add_a_value_that_a_view_uses.sql
-- Create "finished" as declared
CREATE VIEW finished AS SELECT id FROM items WHERE state = 'done';
