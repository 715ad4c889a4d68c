==> rename_table.sql
-- Rename table "items" to "goods" and keep its rows: code that uses the old name fails from now on
ALTER TABLE "items" RENAME TO "goods";
-- Rename constraint "items_name", which is otherwise the same
ALTER TABLE "goods" RENAME CONSTRAINT "items_name" TO "goods_name";
-- Rename constraint "items_pkey", which is otherwise the same
ALTER TABLE "goods" RENAME CONSTRAINT "items_pkey" TO "goods_pkey";
==> rename_table.sql
-- Rename constraint "lines_items_item_id", which is otherwise the same
ALTER TABLE "lines" RENAME CONSTRAINT "lines_items_item_id" TO "lines_goods_item_id";
-- Rename index "items_name_key", which is otherwise the same
ALTER INDEX "items_name_key" RENAME TO "goods_name_key";
