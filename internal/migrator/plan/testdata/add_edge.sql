==> add_edge.sql
-- Add what needs no value or has a constant one: the rows that are there aren't written
ALTER TABLE "items" ADD COLUMN "owner_id" bigint NULL;
-- Hold new rows to it at once. Those that are there are looked at by a later file, which
-- stops nobody
ALTER TABLE "items" ADD CONSTRAINT "items_owners_owner_id" FOREIGN KEY ("owner_id") REFERENCES "owners" ("id") ON DELETE SET NULL NOT VALID;
==> add_edge_validate.sql
-- Look at the rows that are there. Reads and writes go on
ALTER TABLE "items" VALIDATE CONSTRAINT "items_owners_owner_id";
