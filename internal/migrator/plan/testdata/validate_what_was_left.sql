==> validate_what_was_left.sql
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "named";
