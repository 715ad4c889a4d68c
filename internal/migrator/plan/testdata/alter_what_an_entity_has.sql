==> alter_what_an_entity_has.sql
-- Create "items_name_default" as declared
ALTER TABLE items ALTER COLUMN name SET DEFAULT 'database';
