==> validate_what_was_left.sql
-- Look at the rows that are there. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "named";
