==> declare_objects.sql
-- Make "citext", as it is declared
CREATE EXTENSION IF NOT EXISTS citext;
-- Make "stamp", as it is declared
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name := 'a'; -- always
  RETURN NEW;
END;
$$;
CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION stamp();
-- Make "items_visible", as it is declared
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON items FOR SELECT USING (id > 0);
-- Make "named", as it is declared
CREATE VIEW named AS SELECT name FROM items;
==> declare_objects_index.sql
-- atlas:txmode none

-- Make "items_long", as it is declared
CREATE INDEX CONCURRENTLY items_long ON items (length(name)) WHERE length(name) > 5;
