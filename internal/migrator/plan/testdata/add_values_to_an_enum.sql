==> add_values_to_an_enum.sql
-- Instant. A file of its own, because no transaction can use the value before this is committed
ALTER TYPE "states" ADD VALUE 'draft' BEFORE 'new';
-- Instant. A file of its own, because no transaction can use the value before this is committed
ALTER TYPE "states" ADD VALUE 'it''s begun' BEFORE 'done';
-- Instant. A file of its own, because no transaction can use the value before this is committed
ALTER TYPE "states" ADD VALUE 'gone';
==> add_values_to_an_enum.sql
-- The default is for new rows; existing rows keep their values
ALTER TABLE "items" ALTER COLUMN "state" SET DEFAULT 'it''s begun'::states;
