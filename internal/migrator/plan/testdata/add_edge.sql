==> add_edge.sql
-- Add what needs no value or has a constant one: the rows that are there aren't written
ALTER TABLE "items" ADD COLUMN "owner_id" bigint NULL;
-- Enforce for new rows now; existing rows are validated in a later file
ALTER TABLE "items" ADD CONSTRAINT "items_owners_owner_id" FOREIGN KEY ("owner_id") REFERENCES "owners" ("id") ON DELETE SET NULL NOT VALID;
==> add_edge_validate.sql
-- Check the existing rows. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_owners_owner_id";
