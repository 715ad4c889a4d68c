==> alter_what_an_entity_has.sql
-- Make "items_name_default", as it is declared
ALTER TABLE items ALTER COLUMN name SET DEFAULT 'database';
