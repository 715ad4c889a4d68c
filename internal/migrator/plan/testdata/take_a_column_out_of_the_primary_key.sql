==> take_a_column_out_of_the_primary_key_index.sql
-- atlas:txmode none

-- Build the index of the new primary key while the table is read and written
CREATE UNIQUE INDEX CONCURRENTLY "items_pkey_new" ON "items" ("id");
==> take_a_column_out_of_the_primary_key.sql
-- Make it the primary key, which takes no time
ALTER TABLE "items" DROP CONSTRAINT "items_pkey", ADD CONSTRAINT "items_pkey" PRIMARY KEY USING INDEX "items_pkey_new";
-- Code that doesn't know "tenant" any more can insert, until the column is dropped
ALTER TABLE "items" ALTER COLUMN "tenant" DROP NOT NULL;
==> take_a_column_out_of_the_primary_key_contract.sql
-- What this file destroys, nothing brings back. Apply it when no running version
-- of the service needs it any longer:
--   column "tenant" of table "items" and its values

-- Nothing that is declared has it any more
ALTER TABLE "items" DROP COLUMN "tenant";
