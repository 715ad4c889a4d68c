==> first.sql
-- Create "items" table
CREATE TABLE "items" (
  "id" bigint NOT NULL,
  "name" character varying(20) NOT NULL,
  PRIMARY KEY ("id")
);
-- Create index "items_name" to table: "items"
CREATE INDEX "items_name" ON "items" ("name");
