==> build_an_invalid_index_again_index.sql
-- atlas:txmode none

-- A build that failed has left it: it costs writes and serves no reads
DROP INDEX CONCURRENTLY "items_name";
==> build_an_invalid_index_again_index.sql
-- atlas:txmode none

-- Build the index while others read and write
CREATE INDEX CONCURRENTLY "items_name" ON "items" ("name");
