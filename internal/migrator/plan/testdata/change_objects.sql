==> change_objects.sql
-- Make place for "stamp" as it is declared now
DROP TRIGGER stamp ON items;
DROP FUNCTION stamp();
-- Make "stamp", as it is declared
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name := 'b'; -- always
  RETURN NEW;
END;
$$;
CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION stamp();
-- Make place for "items_visible" as it is declared now
DROP POLICY visible ON items;
ALTER TABLE items DISABLE ROW LEVEL SECURITY;
-- Make "items_visible", as it is declared
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON items FOR UPDATE USING (id > 0);
