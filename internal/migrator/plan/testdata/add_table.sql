==> add_table.sql
-- Create "lines" table
CREATE TABLE "lines" (
  "id" bigint NOT NULL,
  "name" character varying(10) NOT NULL,
  "item_id" bigint NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "lines_items_item_id" FOREIGN KEY ("item_id") REFERENCES "items" ("id") ON DELETE SET NULL
);
-- Create index "lines_item" to table: "lines"
CREATE INDEX "lines_item" ON "lines" ("item_id");
