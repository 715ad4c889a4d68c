==> drop_and_change_indexes.sql
-- Keep the old index in use until its replacement is built
ALTER INDEX "items_price" RENAME TO "items_price_old";
==> drop_and_change_indexes_index.sql
-- atlas:txmode none

-- Build the index while others read and write
CREATE INDEX CONCURRENTLY "items_price" ON "items" ("price", "name");
==> drop_and_change_indexes_index.sql
-- atlas:txmode none

-- Its successor is in use. Reads and writes go on
DROP INDEX CONCURRENTLY "items_price_old";
==> drop_and_change_indexes_index.sql
-- atlas:txmode none

-- No entity declares "items_name" any more. Reads and writes go on
DROP INDEX CONCURRENTLY "items_name";
