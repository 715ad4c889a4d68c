==> refer_to_what_is_no_tenants.sql
-- Create "lines" table
CREATE TABLE "lines" (
  "id" bigint NOT NULL,
  "tenant_id" uuid NOT NULL,
  "item_id" bigint NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "lines_items_item_id" FOREIGN KEY ("item_id") REFERENCES "items" ("id") ON DELETE SET NULL
);
