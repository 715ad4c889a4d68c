==> add_a_value_that_a_view_uses.sql
-- Instant. A file of its own, because no transaction can use the value before this is committed
ALTER TYPE "states" ADD VALUE 'done';
==> add_a_value_that_a_view_uses.sql
-- Create "finished" as declared
CREATE VIEW finished AS SELECT id FROM items WHERE state = 'done';
