==> tenants_get_another_edge.sql
-- Add what needs no value or has a constant one: the rows that are there aren't written
ALTER TABLE "pages" ADD COLUMN "draft_id" bigint NULL;
-- Enforce for new rows now; existing rows are validated in a later file
ALTER TABLE "pages" ADD CONSTRAINT "pages_books_draft_id" FOREIGN KEY ("tenant_id", "draft_id") REFERENCES "books" ("tenant_id", "id") ON DELETE NO ACTION NOT VALID;
==> tenants_get_another_edge_validate.sql
-- atlas:txmode none

-- Check the existing rows. Reads and writes go on. The owner of the tables is
-- exempt from their policies meanwhile; the service isn't
ALTER TABLE "pages" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "books" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "pages" VALIDATE CONSTRAINT "pages_books_draft_id";
ALTER TABLE "pages" FORCE ROW LEVEL SECURITY;
ALTER TABLE "books" FORCE ROW LEVEL SECURITY;
