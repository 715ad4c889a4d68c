==> begin_with_tenants.sql
-- Create "items" table
CREATE TABLE "items" (
  "id" bigint NOT NULL,
  "tenant_id" uuid NOT NULL,
  PRIMARY KEY ("id")
);
-- Create index "items_tenant_id_id" to table: "items"
CREATE UNIQUE INDEX "items_tenant_id_id" ON "items" ("tenant_id", "id");
-- Create "lines" table
CREATE TABLE "lines" (
  "id" bigint NOT NULL,
  "tenant_id" uuid NOT NULL,
  "item_id" bigint NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "lines_items_item_id" FOREIGN KEY ("tenant_id", "item_id") REFERENCES "items" ("tenant_id", "id") ON DELETE NO ACTION
);
