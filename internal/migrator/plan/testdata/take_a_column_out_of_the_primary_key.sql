==> take_a_column_out_of_the_primary_key_index.sql
-- atlas:txmode none

-- Build the index of the new primary key while others read and write
CREATE UNIQUE INDEX CONCURRENTLY "items_pkey_new" ON "items" ("id");
==> take_a_column_out_of_the_primary_key.sql
-- Make it the primary key, which is instant
ALTER TABLE "items" DROP CONSTRAINT "items_pkey", ADD CONSTRAINT "items_pkey" PRIMARY KEY USING INDEX "items_pkey_new";
-- Lets code that no longer knows "tenant" insert, until the column is dropped
ALTER TABLE "items" ALTER COLUMN "tenant" DROP NOT NULL;
==> take_a_column_out_of_the_primary_key_contract.sql
-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
--   column "tenant" of table "items" and its values

-- No longer declared
ALTER TABLE "items" DROP COLUMN "tenant";
