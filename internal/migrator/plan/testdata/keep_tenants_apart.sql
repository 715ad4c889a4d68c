==> keep_tenants_apart_index.sql
-- atlas:txmode none

-- Build the index while others read and write. It fails, and leaves an index
-- that isn't valid, when a value is there twice
CREATE UNIQUE INDEX CONCURRENTLY "items_tenant_id_id" ON "items" ("tenant_id", "id");
==> keep_tenants_apart.sql
-- Enforce for new rows now; existing rows are validated in a later file
ALTER TABLE "lines" DROP CONSTRAINT "lines_items_item_id", ADD CONSTRAINT "lines_items_item_id" FOREIGN KEY ("tenant_id", "item_id") REFERENCES "items" ("tenant_id", "id") ON DELETE NO ACTION NOT VALID;
==> keep_tenants_apart_validate.sql
-- Check the existing rows. Reads and writes go on
ALTER TABLE "lines" VALIDATE CONSTRAINT "lines_items_item_id";
