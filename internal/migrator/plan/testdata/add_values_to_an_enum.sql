==> add_values_to_an_enum.sql
-- Instant. In a file of its own, because the transaction that adds a value can't use it
ALTER TYPE "states" ADD VALUE 'draft' BEFORE 'new';
ALTER TYPE "states" ADD VALUE 'it''s begun' BEFORE 'done';
ALTER TYPE "states" ADD VALUE 'gone';
==> add_values_to_an_enum.sql
-- The default is for new rows; existing rows keep their values
ALTER TABLE "items" ALTER COLUMN "state" SET DEFAULT 'it''s begun'::states;
