==> rename_column.sql
-- Rename column "name" to "title" and keep its values: code that has the old name fails from now on
ALTER TABLE "items" RENAME COLUMN "name" TO "title";
-- Rename index "item_name", which is the same but for its name
ALTER INDEX "item_name" RENAME TO "item_title";
-- Rename index "items_name_key", which is the same but for its name
ALTER INDEX "items_name_key" RENAME TO "items_title_key";
