==> rename_column.sql
-- Rename column "name" to "title" and keep its values: code that uses the old name fails from now on
ALTER TABLE "items" RENAME COLUMN "name" TO "title";
-- Rename index "item_name", which is otherwise the same
ALTER INDEX "item_name" RENAME TO "item_title";
-- Rename index "items_name_key", which is otherwise the same
ALTER INDEX "items_name_key" RENAME TO "items_title_key";
