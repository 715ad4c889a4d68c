==> declare_objects.sql
-- Create "citext" as declared
CREATE EXTENSION IF NOT EXISTS citext;
-- Create "stamp" as declared
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name := 'a'; -- always
  RETURN NEW;
END;
$$;
CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION stamp();
-- Create "items_visible" as declared
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON items FOR SELECT USING (id > 0);
-- Create "named" as declared
CREATE VIEW named AS SELECT name FROM items;
==> declare_objects_index.sql
-- atlas:txmode none

-- Create "items_long" as declared
CREATE INDEX CONCURRENTLY items_long ON items (length(name)) WHERE length(name) > 5;
