==> add_indexes_index.sql
-- atlas:txmode none

-- Build the index while others read and write. It fails, and leaves an index
-- that isn't valid, when a value is there twice
CREATE UNIQUE INDEX CONCURRENTLY "items_name_key" ON "items" ("name");
==> add_indexes_index.sql
-- atlas:txmode none

-- Build the index while others read and write. It fails, and leaves an index
-- that isn't valid, when a value is there twice
CREATE UNIQUE INDEX CONCURRENTLY "items_price" ON "items" ("price");
==> add_indexes_index.sql
-- atlas:txmode none

-- Build the index while others read and write
CREATE INDEX CONCURRENTLY "items_price_name" ON "items" ("price", "name");
